import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Aggregator } from '../../../src/aggregate/aggregator.js';
import { CountTable } from '../../../src/aggregate/count-table.js';
import { MAX_OVERFLOW_KEYS, OverflowKey } from '../../../src/aggregate/overflow-key.js';
import { KEY_OFFSET } from '../../../src/aggregate/row-key.js';
import type { SnapshotRow } from '../../../src/aggregate/snapshot.js';
import {
  Cause,
  Conntrack,
  Flag,
  Kind,
  Offset,
  Verdict,
} from '../../../src/record/layout.generated.js';
import type { RecordBatch } from '../../../src/record/record-batch.js';
import { batchOf, type RecordFields, recordBytes } from '../../support/records.js';

/** The rows of a table without room, where everything is in overflow rows. */
function overflowed(...records: RecordFields[]): readonly SnapshotRow[] {
  const aggregator = new Aggregator(0);
  aggregator.ingest(batchOf(...records));
  return aggregator.snapshot().rows;
}

/** Each combination of flags that are kept, and all others at once. */
const kept: readonly number[] = [
  Flag.opening,
  Flag.weightZero,
  Flag.newWeightZero,
  Flag.missingFix,
];
const others =
  Object.values(Flag).reduce((sum, flag) => sum | flag, 0) & ~kept.reduce((a, b) => a | b);
const combinations = [0, others];
for (const flag of kept) combinations.push(...combinations.map((sum) => sum | flag));

const values = (names: Readonly<Record<string, number>>): number[] => [
  ...Object.values(names),
  0,
  200,
];

test('however keys differ, no more are left than is said', () => {
  const overflowKey = new OverflowKey();
  const bytes = recordBytes();
  const words = new Uint32Array(bytes.buffer);
  const key = () => overflowKey.make(words, KEY_OFFSET / 4).join();
  const ofReuse = new Set<string>();
  const ofOthers = new Set<string>();
  for (const kind of values(Kind)) {
    bytes[Offset.kind] = kind;
    const keys = kind === Kind.reuse ? ofReuse : ofOthers;
    for (const verdict of values(Verdict)) {
      bytes[Offset.verdict] = verdict;
      for (const cause of values(Cause)) {
        bytes[Offset.cause] = cause;
        for (const flags of combinations) {
          bytes[Offset.flags] = flags & 0xff;
          bytes[Offset.flags + 1] = flags >> 8;
          keys.add(key());
        }
      }
    }
  }
  // Protocol and state have nothing to do with all this: their number is a factor.
  const states = new Map([Kind.reuse, Kind.retry].map((kind) => [kind, new Set<string>()]));
  for (const [kind, keys] of states) {
    bytes.set(recordBytes({ kind }));
    for (let protocol = 0; protocol < 256; protocol++) {
      bytes[Offset.protocol] = protocol;
      for (let state = 0; state < 256; state++) {
        bytes[Offset.connState] = state;
        keys.add(key());
      }
    }
  }
  const [reuseStates = 0, otherStates = 0] = [...states.values()].map(({ size }) => size);
  assert.deepEqual([reuseStates, otherStates], [4 * 16, 4]);
  assert.equal(ofReuse.size * reuseStates + ofOthers.size * otherStates, MAX_OVERFLOW_KEYS);
});

const opening = Flag.opening | Flag.hasEntry | Flag.hasDestination;
const distinguished: readonly RecordFields[] = [
  {},
  { kind: Kind.retransmit },
  { kind: Kind.stale },
  { verdict: Verdict.dropped, cause: Cause.conntrack },
  { verdict: Verdict.dropped, cause: Cause.conntrack, flags: opening | Flag.missingFix },
  { verdict: Verdict.rejected },
  { connState: 6 },
  { protocol: 17 },
  { flags: opening },
  { flags: opening & ~Flag.opening },
  { verdict: Verdict.rescheduled, flags: opening | Flag.rescheduled | Flag.newWeightZero },
  { verdict: Verdict.dropped, flags: opening, cause: Cause.transmit },
  { cause: Cause.unanswered },
  { kind: Kind.unsent, verdict: Verdict.dropped, cause: Cause.node },
  { kind: Kind.retry, cause: Cause.conntrack },
  { kind: Kind.retry, cause: Cause.unscheduled },
  { kind: Kind.unscheduled, verdict: Verdict.dropped, cause: Cause.unscheduled },
  { kind: Kind.unavailable, verdict: Verdict.dropped, cause: Cause.unavailable },
  { kind: Kind.unavailable, verdict: Verdict.dropped, cause: Cause.conntrack },
  { kind: Kind.overload, verdict: Verdict.dropped, cause: Cause.overload },
];

/** What metrics and summary look at, and overflow keys therefore keep. */
const told = ({ kind, verdict, proto, opening, draining, newDraining, ...row }: SnapshotRow) => ({
  kind,
  verdict,
  proto,
  opening,
  draining,
  newDraining,
  cause: row.cause,
  missingFix: row.missingFix,
  connState: kind === 'reuse' ? row.connState : '',
  packets: row.packets,
});

test('what the metrics tell apart stays apart, and stays what it was', () => {
  const whole = new Aggregator();
  whole.ingest(batchOf(...distinguished));
  assert.deepEqual(overflowed(...distinguished).map(told), whole.snapshot().rows.map(told));
});

test('services, servers, namespaces and marks become one', () => {
  const rows = overflowed(
    {},
    { netns: 7 },
    { fwmark: 7 },
    { virtual: [[10, 96, 0, 11], 81] },
    { destination: [[10, 0, 2, 12], 8081] },
    { family: 10, virtual: [Array.from({ length: 16 }, () => 9), 80] },
    { forwarding: 3 },
    { conntrack: Conntrack.none },
    { scheduler: 3 },
    { flags: Flag.opening | Flag.weightZero, count: 3 },
  );
  assert.equal(rows.length, 1);
  assert.equal(rows[0]?.packets, 12);
  assert.deepEqual(
    [rows[0]?.virtual, rows[0]?.destination, rows[0]?.fwmark, rows[0]?.netns],
    [{ address: 'overflow', port: 0 }, { address: 'overflow', port: 0 }, 0, 0],
  );
});

test('an overflow key stays as it is', () => {
  const overflowKey = new OverflowKey();
  const { words } = batchOf(...distinguished);
  for (let index = 0; index < distinguished.length; index++) {
    const once = overflowKey
      .make(words, (index * words.length) / distinguished.length + KEY_OFFSET / 4)
      .slice();
    assert.deepEqual(overflowKey.make(once, 0), once);
  }
});

/** As the kernel's overflow keys: no family, zeros for what distinguishes services and servers. */
const byKernel = (fields: RecordFields): RecordBatch =>
  batchOf({ ...fields, family: 0, netns: 0, fwmark: 0, virtual: [[], 0], destination: [[], 0] });

test('overflow records of the kernel are like overflow rows here, with room and without', () => {
  for (const room of [0, 1, 10]) {
    const table = new Aggregator(room);
    for (const fields of distinguished) table.ingest(byKernel(fields));
    const { rows, packets } = table.snapshot();
    assert.deepEqual(
      [...new Set(rows.map((row) => `${row.virtual.address} ${row.destination?.address}`))],
      ['overflow overflow'],
    );
    assert.equal(packets, distinguished.length);
    assert.deepEqual(rows.map(told), overflowed(...distinguished).map(told));
  }
});

test('a table full of rows and of overflow rows has room for all of them', () => {
  const table = new CountTable(3);
  table.ingest(batchOf({ netns: 1 }, { netns: 2 }, { netns: 3 }, ...distinguished, { netns: 3 }));
  assert.equal(table.end, 3 + distinguished.length);
  assert.equal(table.overflow, distinguished.length);
  assert.equal(table.counts[2], 2);
});
