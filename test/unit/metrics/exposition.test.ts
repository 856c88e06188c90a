import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Aggregator } from '../../../src/aggregate/aggregator.js';
import { CounterSeries } from '../../../src/metrics/counter-series.js';
import { Exposition } from '../../../src/metrics/exposition.js';
import { portReuse } from '../../../src/metrics/port-reuse.js';
import { SLICE_MS, Slices } from '../../../src/slices.js';
import { batchOf, HOST_NETNS, type RecordFields } from '../../support/records.js';

const SERVICES = 1000;
const services: readonly RecordFields[] = Array.from({ length: SERVICES }, (_, port) => ({
  virtual: [[10, 96, 0, 10], 1 + port],
}));

/** What is adopted, in slices of a clock on which each row takes a tenth of one. */
function exposition() {
  const aggregator = new Aggregator(2 * SERVICES);
  const family = new CounterSeries(portReuse, aggregator.table.capacity);
  const turns: (() => void)[] = [];
  let clock = 0;
  const slices = () =>
    new Slices(
      () => (clock += SLICE_MS / 10),
      () => new Promise((resolve) => turns.push(resolve)),
    );
  const subject = new Exposition({
    aggregator,
    families: [family],
    hostNetns: HOST_NETNS,
    slices,
  });
  /** The others' turn; says whether there was anything to do after it. */
  const turn = async (): Promise<boolean> => {
    const next = turns.shift();
    next?.();
    for (let times = 0; times < 4; times++) await Promise.resolve();
    return next !== undefined;
  };
  return { aggregator, family, subject, turn };
}

const seriesIn = (text: Buffer): number =>
  String(text)
    .split('\n')
    .filter((line) => line.startsWith('ipvs_port_reuse_total{')).length;

test('rows are adopted when they come, a few at a time', async () => {
  const { aggregator, family, turn } = exposition();
  const header = family.samples.byteLength;
  aggregator.ingest(batchOf(...services));
  assert.equal(family.samples.byteLength, header, 'not by whoever brings them');
  let turns = 0;
  let most = 0;
  for (let before = header; await turn(); turns++) {
    most = Math.max(most, family.samples.byteLength - before);
    before = family.samples.byteLength;
  }
  const each = (family.samples.byteLength - header) / SERVICES;
  assert.ok(turns >= SERVICES / 10, `${turns} turns`);
  assert.ok(most <= 12 * each, `${most / each} rows in one turn`);
});

test('a scrape in between has every row, whole', async () => {
  const { aggregator, subject, turn } = exposition();
  aggregator.ingest(batchOf(...services));
  for (let times = 0; times < 5; times++) await turn();
  aggregator.ingest(batchOf(...services, { virtual: [[10, 96, 0, 11], 1], count: 7 }));
  const text = subject.text('');
  assert.equal(seriesIn(text), SERVICES + 1);
  assert.equal(String(text).split(' 2\n').length - 1, SERVICES);
  assert.equal(String(text).split(' 7\n').length - 1, 1);
  while (await turn());
  assert.equal(String(subject.text('')), String(text));
});

test('rows that come while others are adopted are adopted, too', async () => {
  const { aggregator, family, subject, turn } = exposition();
  aggregator.ingest(batchOf(...services.slice(0, 500)));
  await turn();
  aggregator.ingest(batchOf(...services.slice(500)));
  let prepared = false;
  const prepare = subject.prepare().then(() => {
    prepared = true;
  });
  while (await turn());
  await prepare;
  assert.ok(prepared);
  const { byteLength } = family.samples;
  assert.equal(seriesIn(subject.text('')), SERVICES);
  assert.equal(family.samples.byteLength, byteLength, 'nothing was left to adopt');
});

test('rows that expire while others are adopted leave nothing', async () => {
  const { aggregator, subject, turn } = exposition();
  aggregator.ingest(batchOf(...services));
  await turn();
  subject.onExpire([0, 1, SERVICES - 1]);
  aggregator.table.remove([0, 1, SERVICES - 1]);
  while (await turn());
  assert.equal(seriesIn(subject.text('')), SERVICES - 3);
});
