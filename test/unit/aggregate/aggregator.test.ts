import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Aggregator } from '../../../src/aggregate/aggregator.js';
import { KEY_WORDS } from '../../../src/aggregate/row-key.js';
import { Flag, Kind, Verdict } from '../../../src/record/layout.generated.js';
import { batchOf, type RecordFields } from '../../support/records.js';

test('what finds no room is counted in overflow rows, not lost', () => {
  const aggregator = new Aggregator(2);
  aggregator.ingest(batchOf({ netns: 1 }, { netns: 2 }, { netns: 3, count: 5 }, { netns: 1 }));
  const { rows, overflow, records, packets } = aggregator.snapshot();
  assert.deepEqual(
    rows.map((row) => [row.netns, row.virtual.address, row.packets]),
    [
      [1, '10.96.0.10', 2],
      [2, '10.96.0.10', 1],
      [0, 'overflow', 5],
    ],
  );
  assert.deepEqual({ overflow, records, packets }, { overflow: 5, records: 4, packets: 8 });
});

const distinguishing: readonly RecordFields[] = [
  {},
  { netns: 7 },
  { fwmark: 7 },
  { kind: Kind.unavailable },
  { verdict: Verdict.dropped },
  { connState: 6 },
  { protocol: 17 },
  { forwarding: 3 },
  { cause: 1 },
  { scheduler: 1 },
  { flags: Flag.opening },
  { virtual: [[10, 96, 0, 11], 80] },
  { virtual: [[10, 96, 0, 10], 81] },
  { destination: [[10, 0, 2, 12], 8080] },
  { destination: [[10, 0, 2, 11], 8081] },
];

const alike: readonly RecordFields[] = [
  { timeNs: 5n },
  { expiresInMs: 5 },
  { cpu: 9 },
  { conntrack: 0 },
  { client: [[10, 0, 1, 3], 40002] },
  { newDestination: [[10, 0, 2, 13], 8080] },
];

test('rows differ by what tells them apart, and by nothing else', () => {
  const aggregator = new Aggregator();
  aggregator.ingest(batchOf(...distinguishing, ...alike));
  const { rows } = aggregator.snapshot();
  assert.equal(rows.length, distinguishing.length);
  assert.equal(rows[0]?.packets, 1 + alike.length);
  assert.ok(rows.slice(1).every((row) => row.packets === 1));
});

const numbered: Readonly<Record<string, (number: number) => RecordFields>> = {
  'the first word': (netns) => ({ netns }),
  'a word in between': (fwmark) => ({ fwmark }),
  'the last word': (port) => ({ destination: [[10, 0, 2, 11], port] }),
};

for (const [word, fields] of Object.entries(numbered)) {
  test(`keys that share a slot and differ in ${word} alone are not taken for each other`, () => {
    const aggregator = new Aggregator();
    // So many that some must share one.
    const records = Array.from({ length: 9000 }, (_, number) => fields(number + 1));
    for (let times = 0; times < 2; times++) aggregator.ingest(batchOf(...records));
    const { rows } = aggregator.snapshot();
    assert.equal(rows.length, records.length);
    assert.ok(rows.every(({ packets }) => packets === 2));
  });
}

test('counts as a map by key does', () => {
  const aggregator = new Aggregator();
  const expected = new Map<string, number>();
  let seed = 1;
  for (let round = 0; round < 50; round++) {
    const records = Array.from({ length: 100 }, () => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      const server = (seed >>> 8) % 300;
      const count = 1 + ((seed >>> 20) % 3);
      const address = `10.1.${server >> 8}.${server & 255}`;
      expected.set(address, (expected.get(address) ?? 0) + count);
      return { count, destination: [[10, 1, server >> 8, server & 255], 80] } as const;
    });
    aggregator.ingest(batchOf(...records));
  }
  const seen = new Map(
    aggregator.snapshot().rows.map((row) => [row.destination?.address ?? '', row.packets]),
  );
  assert.deepEqual([...seen].sort(), [...expected].sort());
});

test('the hash takes every word of the key', () => {
  assert.equal(KEY_WORDS, 14, 'key.ts is written out for as many');
});
