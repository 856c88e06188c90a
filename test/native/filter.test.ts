import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Aggregator } from '../../src/aggregate/aggregator.js';
import { protocolBits } from '../../src/native/event-filter.js';
import { parseEndpoint } from '../../src/trace/filter.js';
import { openGenerator, readBothSides } from './generator.js';

// The generator's record number n: client 10.0.(n >> 8).(n & 255), its port n; of 10 keys, virtual
// service 10.96.0.(n % 10):80, server 10.244.0.(n % 10):8080.

const RECORDS = 1000;
const KEYS = 10;

const cases: readonly {
  readonly client?: string | readonly string[];
  readonly virtual?: string | readonly string[];
  readonly destination?: string;
  readonly protocols?: number;
  readonly netns?: readonly number[];
  readonly fwmark?: readonly number[];
  readonly fits: (n: number) => boolean;
}[] = [
  { fits: () => true },
  { client: '10.0.1.7', fits: (n) => n === 256 + 7 },
  { client: '10.0.2.0/24', fits: (n) => n >> 8 === 2 },
  { client: '10.0.2.0/23', fits: (n) => n >> 9 === 1 },
  { client: ['10.0.1.7', '10.0.2.8'], fits: (n) => n === 256 + 7 || n === 512 + 8 },
  {
    virtual: ['10.96.0.3', '10.96.0.4:80', '10.96.0.5:81'],
    fits: (n) => [3, 4].includes(n % KEYS),
  },
  { virtual: '10.96.0.3:0', fits: () => false },
  { protocols: protocolBits.TCP | protocolBits.UDP, fits: () => true },
  { protocols: protocolBits.UDP, fits: () => false },
  { netns: [2, 1], fits: () => true },
  { netns: [2], fits: () => false },
  { fwmark: [1], fits: () => false },
  { client: '0.0.0.0/0', fits: () => true },
  { client: '::/0', fits: () => false },
  { client: 'a00::/16', fits: () => false },
  { client: ':300', fits: (n) => n === 300 },
  { client: '10.0.1.44:300', fits: (n) => n === 300 },
  { client: '10.0.1.45:300', fits: () => false },
  { virtual: '10.96.0.3', fits: (n) => n % KEYS === 3 },
  { virtual: '10.96.0.3:80', fits: (n) => n % KEYS === 3 },
  { virtual: '10.96.0.3:81', fits: () => false },
  { destination: '10.244.0.4:8080', fits: (n) => n % KEYS === 4 },
  { destination: ':80', fits: () => false },
  {
    client: '10.0.1.0/24',
    virtual: '10.96.0.2/31',
    destination: '10.244.0.3',
    fits: (n) => n >> 8 === 1 && n % KEYS === 3,
  },
];

for (const { fits, ...texts } of cases) {
  const filter = Object.fromEntries(
    Object.entries(texts).map(([name, given]) => [
      name,
      typeof given === 'number' || typeof given[0] === 'number'
        ? given
        : [given].flat().map((text) => parseEndpoint(`${text}`, { portZero: name === 'virtual' })),
    ]),
  );
  const numbers = Array.from({ length: RECORDS }, (_, n) => n).filter(fits);
  const name = JSON.stringify(texts);

  test(`what matches is delivered per event: ${name}`, () => {
    const { session, batch } = openGenerator({ filter });
    session.generate(0, RECORDS, KEYS);
    const records = session.drain();
    const times = Array.from(
      { length: records },
      (_, index) => batch.words[(index * batch.bytes.length) / batch.capacity / 4],
    );
    assert.deepEqual(times, numbers);
    assert.equal(session.hasAggregates(), false);
  });

  test(`what matches is aggregated: ${name}`, () => {
    const { session } = openGenerator({ filter, detail: [] });
    const aggregator = new Aggregator();
    session.generate(0, RECORDS, KEYS);
    readBothSides(session, aggregator);
    assert.equal(aggregator.totals().packets, numbers.length);
    assert.deepEqual(
      aggregator
        .snapshot()
        .rows.map((row) => row.virtual.address)
        .sort(),
      [...new Set(numbers.map((n) => `10.96.0.${n % KEYS}`))].sort(),
    );
  });
}
