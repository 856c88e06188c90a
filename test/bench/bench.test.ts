import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseOptions } from './options.js';
import { formatRound, parseCost, parseRound, type Totals } from './protocol.js';
import { type Pair, summarize } from './results.js';
import { makeRows } from './rows.js';
import { spread } from './statistics.js';
import { checksum } from './totals.js';
import { verify } from './verify.js';
import { KEYS, RECORDS_PER_ROUND } from './workload.js';

/** A round at `ns` CPU nanoseconds a record that took `stretch` times as long. */
const cost = (ns: number, stretch = 1) => ({
  cpuNs: ns * RECORDS_PER_ROUND,
  wallNs: ns * RECORDS_PER_ROUND * stretch,
  collections: 1,
});

const rounds = (...costs: readonly ReturnType<typeof cost>[]): Pair[] =>
  costs.map((round) => ({ reference: cost(40), cost: round }));

describe('options', () => {
  it('refuses what it does not know', () => {
    for (const args of [['--rounds', '0'], ['--rounds', 'many'], ['--fast'], ['table']]) {
      assert.throws(() => parseOptions(args), { code: 'ERR_ARGUMENT', exitCode: 2 });
    }
  });

  it('lets --rounds overrule --quick', () => {
    assert.equal(parseOptions(['--quick', '--rounds', '7']).rounds, 7);
  });
});

describe('protocol', () => {
  it('reads its own request, and nothing else', () => {
    const round = { first: 12, fills: 3, records: 30_840 };
    assert.deepEqual(parseRound(formatRound(round)), round);
    assert.equal(parseRound('round 1 2'), undefined);
  });

  it('refuses an answer that lacks a number', () => {
    assert.throws(() => parseCost('{"cpuNs":1,"wallNs":"2","collections":0}'), SyntaxError);
    assert.throws(() => parseCost('null'), SyntaxError);
  });
});

describe('spread', () => {
  it('takes the middle, of an even number the mean of both', () => {
    assert.deepEqual(spread([30, 1, 2]), { median: 2, min: 1, max: 30 });
    assert.equal(spread([4, 1, 2, 3]).median, 2.5);
    assert.throws(() => spread([]), RangeError);
  });
});

describe('summarize', () => {
  it('discards noisy rounds, yet counts their garbage collections', () => {
    const result = summarize(rounds(cost(80), cost(800, 2), cost(80)));
    assert.deepEqual(result.cpuNs, { median: 80, min: 80, max: 80 });
    assert.equal(result.ratio.median, 0.5);
    assert.deepEqual([result.rounds, result.discarded, result.collections], [2, 1, 3]);
  });

  it("discards a round for the reference's noise", () => {
    const pairs = [{ reference: cost(40, 2), cost: cost(90) }, ...rounds(cost(80), cost(80))];
    assert.equal(summarize(pairs).discarded, 1);
  });

  it('says so where most rounds are noisy, and keeps them all', () => {
    const result = summarize(rounds(cost(80, 2), cost(90, 2), cost(100)));
    assert.deepEqual([result.noisy, result.rounds, result.discarded], [true, 3, 0]);
  });
});

describe('totals', () => {
  const { reference, others } = makeRows('consumer');
  const totals: Totals = { packets: 8, overflow: 0, keys: KEYS, checksum: 5 };
  const every = [reference, ...others].map((row) => ({
    row,
    totals: row.aggregates ? totals : { ...totals, keys: 0, checksum: 0 },
  }));

  it('agree when every row counted the same', () => {
    assert.equal(verify(every, 8), 5);
  });

  for (const change of [{ packets: 7 }, { overflow: 1 }, { keys: 1 }, { checksum: 6 }]) {
    it(`differ by ${Object.keys(change)[0]}`, () => {
      const changed = every.map(({ row, totals }) =>
        row.id === 'typescript-batch' ? { row, totals: { ...totals, ...change } } : { row, totals },
      );
      assert.throws(() => verify(changed, 8), { code: 'ERR_BENCH_TOTALS', exitCode: 1 });
    });
  }

  it('have a checksum that knows no order, but whose packets are whose', () => {
    const row = (destination: string, packets: number) => {
      return { netns: 1, fwmark: 0, virtual: '10.96.0.1:80', destination, packets };
    };
    const sum = checksum([row('10.244.0.1:80', 1), row('10.244.0.2:80', 2)]);
    assert.equal(sum, checksum([row('10.244.0.2:80', 2), row('10.244.0.1:80', 1)]));
    assert.notEqual(sum, checksum([row('10.244.0.1:80', 2), row('10.244.0.2:80', 1)]));
  });
});
