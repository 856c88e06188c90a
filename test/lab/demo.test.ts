import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Running } from '../kernel/command.js';

// Boots guests, so it runs on the host. The steps verify themselves; here the table is read again.

/** Without one of these there is nothing to play on: the network is missing, not the code. */
const OUT_OF_REACH = /ERR_LAB_(?:KERNEL_UNREACHABLE|PACKAGES_UNREACHABLE|NO_MIRROR): .*/;

const HEADS = [
  'connects',
  'failed',
  'min',
  'p50',
  'max',
  'in',
  'to',
  'unforwarded',
  'weight0',
  'dropped',
];

type Row = Readonly<Record<string, number>> & { readonly seen: string };

/** The rows of the table, by step and phase. */
function rows(stdout: string): ReadonlyMap<string, Row> {
  const found = new Map<string, Row>();
  let step = '';
  for (const line of stdout.split('\n')) {
    const match = /^(?:(\d): [^\d]*\d(?:, \w+)?)?\s+([a-z]+)((?:\s+[\d-]+){10})\s{2}(.*)$/.exec(
      line,
    );
    if (match === null) continue;
    const [, number = step, phase, numbers = '', seen = ''] = match;
    step = number;
    const values = numbers.trim().split(/\s+/).map(Number);
    const facts = Object.fromEntries(HEADS.map((head, index) => [head, values[index]]));
    found.set(`${step} ${phase}`, { ...facts, seen } as Row);
  }
  return found;
}

test('the three steps: a timeout, a second, nothing', async (t) => {
  const ended = await new Running(['lab', 'demo', '--kernel', '6.1', '--timeout', '600']).ended;
  for (const line of ended.stderr.split('\n').filter((each) => each.startsWith('lab: '))) {
    t.diagnostic(line);
  }
  const missing = OUT_OF_REACH.exec(ended.stderr)?.[0];
  if (ended.code === 3 && missing !== undefined) {
    t.skip(missing);
    return;
  }
  t.diagnostic(`\n${ended.stdout}`);
  assert.equal(ended.code, 0, `${ended.stderr}\n${ended.stdout}`);
  const table = rows(ended.stdout);
  const row = (name: string): Row => table.get(name) ?? assert.fail(`no row ${name}`);

  const stopped = row('1 stopped');
  assert.equal(stopped.failed, 6);
  assert.match(stopped.seen, /^12 reuse forwarded, \d+ retransmit forwarded$/);
  assert.equal(row('1 draining').weight0, 6);

  for (const phase of ['draining', 'stopped']) {
    const slow = row(`2 ${phase}`);
    assert.deepEqual([slow.connects, slow.failed, slow.in, slow.to], [12, 0, 24, 12]);
    assert.deepEqual([slow.unforwarded, slow.dropped], [12, 12]);
    assert.ok((slow.min ?? 0) >= 980 && (slow.max ?? 0) < 1900, `${slow.min} to ${slow.max} ms`);
    assert.match(
      slow.seen,
      /^12 reuse dropped unconfirmed \(f0a5e4d7a594 missing\), 12 retry forwarded unconfirmed$/,
    );

    const quick = row(`3 ${phase}`);
    assert.deepEqual([quick.connects, quick.failed, quick.in, quick.to], [12, 0, 12, 12]);
    assert.deepEqual([quick.unforwarded, quick.dropped, quick.weight0], [0, 0, 0]);
    assert.ok((quick.max ?? 800) < 800, `${quick.max} ms`);
    assert.match(quick.seen, /^12 reuse rescheduled unconfirmed$/);
  }
});
