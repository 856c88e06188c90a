import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCpuList } from './cpus.js';
import { expectedTotals } from './expected.js';
import { formatGoals } from './goals.js';
import { parseNumbers } from './numbers.js';
import { parseOptions } from './options.js';
import { Peer } from './peer.js';
import { parseRunDelay, parseWakeups } from './processes.js';
import { sections } from './sections.js';
import { spread } from './statistics.js';
import { formatTable } from './table.js';
import { checksum, type Totals } from './totals.js';
import { verify } from './verify.js';

describe('options', () => {
  it('refuses what it does not know', () => {
    const wrong = [['--rounds', '0'], ['--rounds', 'many'], ['--fast'], ['table'], ['--only', 'x']];
    for (const args of wrong) {
      assert.throws(() => parseOptions(args), { code: 'ERR_ARGUMENT', exitCode: 2 });
    }
  });

  it('takes sections in the order in which they run, all of them unless told', () => {
    const all = sections.map(({ name }) => name);
    const only = (list: readonly string[]) =>
      parseOptions(['--only', list.join(',')]).sections.map(({ name }) => name);
    assert.deepEqual(only([...all].reverse()), all);
    assert.deepEqual(only(all.slice(0, 1)), all.slice(0, 1));
    assert.deepEqual(parseOptions([]).sections, sections);
  });
});

describe('numbers', () => {
  it('refuses an answer that lacks one', () => {
    assert.deepEqual(parseNumbers('{"a":1,"b":2}', ['a']), { a: 1 });
    for (const line of ['{"a":"1"}', '{"a":1.5}', 'null', '{"a":1']) {
      assert.throws(() => parseNumbers(line, ['a']), SyntaxError);
    }
  });
});

describe('spread', () => {
  it('takes the middle, of an even number the mean of both', () => {
    assert.deepEqual(spread([30, 1, 2]), { median: 2, min: 1, max: 30 });
    assert.equal(spread([4, 1, 2, 3]).median, 2.5);
    assert.throws(() => spread([]), RangeError);
  });
});

describe('totals', () => {
  const expected: Totals = { packets: 8, overflow: 0, keys: 4, checksum: 5 };

  it('may be what they have to be', () => {
    verify('a row', true, expected, expected);
    verify('a row', false, { ...expected, keys: 0, checksum: 0 }, expected);
  });

  for (const change of [{ packets: 7 }, { overflow: 1 }, { keys: 1 }, { checksum: 6 }]) {
    it(`must not differ by ${Object.keys(change)[0]}`, () => {
      assert.throws(() => verify('a row', true, { ...expected, ...change }, expected), {
        code: 'ERR_BENCH_TOTALS',
        exitCode: 1,
      });
    });
  }

  const row = (destination: string, packets: number) => {
    return { netns: 1, fwmark: 0, virtual: '10.96.0.1:80', destination, packets };
  };

  it('have a checksum that knows no order, but whose packets are whose', () => {
    const sum = checksum([row('10.244.0.1:80', 1), row('10.244.0.2:80', 2)]);
    assert.equal(sum, checksum([row('10.244.0.2:80', 2), row('10.244.0.1:80', 1)]));
    assert.notEqual(sum, checksum([row('10.244.0.1:80', 2), row('10.244.0.2:80', 1)]));
  });

  it('are known of any numbers of records', () => {
    const counts = new Map<number, number>();
    for (const [first, records] of [
      [3, 10],
      [500, 7],
    ] as const) {
      for (let n = first; n < first + records; n++) {
        counts.set(n % 5, (counts.get(n % 5) ?? 0) + 1);
      }
    }
    const rows = [...counts].map(([key, packets]) => ({
      ...row(`10.244.0.${key}:8080`, packets),
      virtual: `10.96.0.${key}:80`,
    }));
    const totals = expectedTotals(
      [
        [3, 10],
        [500, 7],
      ],
      5,
    );
    assert.deepEqual(totals, { packets: 17, overflow: 0, keys: 5, checksum: checksum(rows) });
    assert.equal(expectedTotals([[0, 3]], 4096).keys, 3);
  });
});

describe('goals', () => {
  const found = (goals: Record<string, number>, others: Record<string, number> = {}) => {
    return { text: '', goals, others };
  };

  it('are plain numbers by name, and all else is in the context', () => {
    const text = formatGoals([found({ G8: 212.5 }, { idle: 1 }), found({ G1: 1, G3: 0 })], {
      node: 'v20',
    });
    assert.deepEqual(JSON.parse(text), {
      G1: 1,
      G3: 0,
      G8: 212.5,
      context: { node: 'v20', idle: 1 },
    });
    assert.match(text, /^\{\s+"G1"/);
  });

  it('are not written when one is no number, or found twice', () => {
    assert.throws(() => formatGoals([found({ G1: Number.NaN })], {}), RangeError);
    assert.throws(() => formatGoals([found({ G1: 1 }), found({ G1: 2 })], {}), RangeError);
  });
});

describe('table', () => {
  it('has its figures to the right', () => {
    const rows = [
      ['a', 'figure'],
      ['long name', '1'],
    ];
    assert.deepEqual(formatTable(rows), [
      '| a         | figure |',
      '| --------- | -----: |',
      '| long name |      1 |',
    ]);
  });
});

describe('what the kernel says', () => {
  it('of CPUs', () => {
    assert.deepEqual(parseCpuList('0-2,5'), [0, 1, 2, 5]);
    assert.deepEqual(parseCpuList('7'), [7]);
    assert.throws(() => parseCpuList(''), SyntaxError);
  });

  it('of a thread', () => {
    const status = 'Name:\tnode\nvoluntary_ctxt_switches:\t12\nnonvoluntary_ctxt_switches:\t34\n';
    assert.equal(parseWakeups(status), 12);
    assert.throws(() => parseWakeups('Name:\tnode\n'), SyntaxError);
    assert.equal(parseRunDelay('100 88701 1\n'), 88_701);
  });
});

describe('a peer', () => {
  const start = (script: string, signal = new AbortController().signal) =>
    Peer.start('a peer', [process.execPath, '-e', script], signal, JSON.parse);
  const echo = 'console.log("{}"); process.stdin.on("data", (line) => process.stdout.write(line))';

  it('answers what it is asked, and ends with its input', async () => {
    const { peer, ready } = await start(echo);
    assert.deepEqual(ready, {});
    assert.equal(await peer.ask('12'), '12');
    await peer.stop();
    await assert.rejects(peer.ask('13'), { code: 'ERR_BENCH_PEER', exitCode: 1 });
  });

  it('that lacks something says so by its exit code', async () => {
    await assert.rejects(start('process.exitCode = 3'), { code: 'ERR_BENCH_PEER', exitCode: 3 });
  });

  it('that is not there is an error', async () => {
    const command = ['/no/such/program'] as const;
    const started = Peer.start('a peer', command, new AbortController().signal, JSON.parse);
    await assert.rejects(started, { code: 'ERR_BENCH_PEER', message: /ENOENT/ });
  });

  it('is ended when the benchmark is', async () => {
    const controller = new AbortController();
    const { peer } = await start(echo, controller.signal);
    controller.abort();
    await assert.rejects(peer.ask('12'), { code: 'ERR_BENCH_PEER' });
    await peer.stop();
  });
});
