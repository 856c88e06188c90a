import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Aggregator } from '../../../src/aggregate/aggregator.js';
import { Kind, Verdict } from '../../../src/record/layout.generated.js';
import { batchOf } from '../../support/records.js';

const HOUR = 3600;

/** `10.96.0.10 packets` of each row, in no order. */
const rowsOf = (aggregator: Aggregator): string[] =>
  aggregator
    .snapshot()
    .rows.map(({ netns, virtual, packets }) => `${netns} ${virtual.address} ${packets}`)
    .sort();

test('unless it is told otherwise, nothing expires', () => {
  const aggregator = new Aggregator(10);
  aggregator.ingest(batchOf({}));
  for (const now of [0, 1e9, 2e9]) assert.equal(aggregator.expire(now), 0);
});

test('a row goes after its time, counted from the pass that saw it change', () => {
  const aggregator = new Aggregator(10, HOUR);
  aggregator.ingest(batchOf({ netns: 1 }, { netns: 2 }));
  assert.equal(aggregator.expire(0), 0, 'the first pass');
  aggregator.ingest(batchOf({ netns: 2 }));
  assert.equal(aggregator.expire(60), 0);
  assert.equal(aggregator.expire(HOUR - 1), 0, 'not before');
  assert.equal(aggregator.expire(HOUR), 1, 'row 1');
  assert.equal(aggregator.expire(HOUR + 59), 0);
  assert.equal(aggregator.expire(HOUR + 60), 1, 'row 2');
  assert.equal(aggregator.expire(3 * HOUR), 0, 'nothing left');
});

test('a row that is added to before every pass stays for ever', () => {
  const aggregator = new Aggregator(10, HOUR);
  for (let now = 0; now <= 10 * HOUR; now += HOUR) {
    aggregator.ingest(batchOf({ netns: 1 }));
    assert.equal(aggregator.expire(now), 0);
  }
  assert.deepEqual(rowsOf(aggregator), ['1 10.96.0.10 11']);
});

test('its room is free again, and what comes back starts at 0', () => {
  const aggregator = new Aggregator(2, HOUR);
  aggregator.ingest(batchOf({ netns: 1, count: 5 }, { netns: 2 }, { netns: 3 }));
  assert.equal(aggregator.totals().overflow, 1);
  aggregator.expire(0);
  aggregator.ingest(batchOf({ netns: 2 }));
  aggregator.expire(60);
  assert.equal(aggregator.expire(HOUR), 2, 'row 1, and the overflow row');
  aggregator.ingest(batchOf({ netns: 3, count: 7 }));
  const { end } = aggregator.table;
  assert.deepEqual(
    rowsOf(aggregator),
    ['0 overflow 6', '2 10.96.0.10 2', '3 10.96.0.10 7'],
    'of what has expired the packets are left, without service and server',
  );
  assert.equal(aggregator.totals().overflow, 1);
  aggregator.expire(HOUR);
  assert.equal(aggregator.expire(2 * HOUR), 2);
  aggregator.ingest(batchOf({ netns: 1 }, { netns: 2 }, { netns: 3 }));
  assert.equal(aggregator.table.end, end, 'the same rows');
  assert.deepEqual(rowsOf(aggregator), [
    '0 overflow 1',
    '0 overflow 15',
    '1 10.96.0.10 1',
    '2 10.96.0.10 1',
  ]);
});

test('delays go with their row', () => {
  const aggregator = new Aggregator(10, HOUR);
  const retry = batchOf({ kind: Kind.retry, drops: 1, delayUs: 1_500_000 });
  aggregator.ingest(retry);
  aggregator.expire(0);
  aggregator.expire(HOUR);
  aggregator.ingest(retry);
  const delays = aggregator.snapshot().rows.map((row) => row.delays?.sumSeconds);
  assert.deepEqual(delays, [1.5, undefined]);
});

test('whoever keeps something of a row is told while the row is still there', () => {
  const aggregator = new Aggregator(10, HOUR);
  const { counts } = aggregator.table;
  const told: [row: number, packets: number][] = [];
  aggregator.watch({
    onNewRows() {},
    onExpire: (rows) => told.push(...rows.map((row) => [row, counts[row]] as [number, number])),
  });
  aggregator.ingest(batchOf({ netns: 1 }, { netns: 2, count: 4 }));
  aggregator.expire(0);
  aggregator.ingest(batchOf({ netns: 1 }));
  aggregator.expire(HOUR);
  assert.deepEqual(told, [[1, 4]]);
});

test('totals never fall, and are the sums of the snapshot', () => {
  const aggregator = new Aggregator(3, HOUR);
  for (let now = 0; now < 20 * HOUR; now += HOUR / 2) {
    const server = ((now / HOUR) % 7) | 0;
    const verdict = now % 1000 === 0 ? Verdict.forwarded : Verdict.dropped;
    aggregator.ingest(
      batchOf(...[0, 1, 2, 3].map((more) => ({ netns: server + more, verdict, count: 1 + more }))),
    );
    aggregator.expire(now);
    const { rows, packets, records } = aggregator.snapshot();
    assert.equal(records, 4 * (now / (HOUR / 2) + 1));
    assert.equal(packets, 2.5 * records);
    assert.equal(
      rows.reduce((sum, row) => sum + row.packets, 0),
      packets,
    );
  }
});

test('after many passes every key that is left is found, and no other', () => {
  const aggregator = new Aggregator(2000, HOUR);
  const last = new Map<number, { at: number; packets: number }>();
  let seed = 3;
  for (let pass = 0; pass < 60; pass++) {
    const now = pass * (HOUR / 4);
    const keys = Array.from({ length: 150 }, () => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return 1 + ((seed >>> 8) % 1500);
    });
    aggregator.ingest(batchOf(...keys.map((netns) => ({ netns }))));
    for (const key of keys) {
      last.set(key, { at: now, packets: (last.get(key)?.packets ?? 0) + 1 });
    }
    aggregator.expire(now);
    for (const [key, { at }] of last) if (now - at >= HOUR) last.delete(key);
    const seen = aggregator.snapshot().rows.filter(({ netns }) => netns !== 0);
    assert.deepEqual(
      new Map(seen.map(({ netns, packets }) => [netns, packets])),
      new Map([...last].map(([key, { packets }]) => [key, packets])),
    );
    assert.equal(seen.length, last.size);
  }
  assert.ok(aggregator.table.end < 800, 'rows are used again');
});
