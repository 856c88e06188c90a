import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { Aggregator } from '../../src/aggregate/aggregator.js';
import type { Session } from '../../src/native/session.js';
import { decodeEvent } from '../../src/record/decode.js';
import { aggregatedTotals } from '../bench/aggregated.js';
import { monotonicUs } from '../bench/clock.js';
import { compileProgram } from '../bench/compile.js';
import { allowedCpus } from '../bench/cpus.js';
import { expectedTotals } from '../bench/expected.js';
import { Producer } from '../bench/producer.js';
import { openGenerator, readBothSides, readOnce } from './generator.js';

/** Makes a record of each key of `keys` from number `first` on, of `all` that there are. */
function generateKeys(session: Session, first: number, keys: number, all: number): void {
  for (let made = 0; made < keys; made += 1000) {
    session.generate(first + made, Math.min(1000, keys - made), all);
  }
}

// What the probe aggregates: the real maps and the real way out of the kernel;
// only the packets are made up (generate.bpf.h).

test('aggregates arrive by themselves, and then polling stops', async () => {
  const { session } = openGenerator({ detail: [] });
  const aggregator = new Aggregator();
  let packets = 0;
  const all = new Promise<void>((resolve) => {
    session.start((delivered) => {
      aggregator.ingest(delivered);
      packets = aggregator.totals().packets;
      if (packets === 3000) resolve();
    });
  });
  for (let round = 0; round < 3; round++) {
    session.generate(round * 1000, 1000, 10);
    await setTimeout(700);
  }
  await all;
  assert.equal(session.hasAggregates(), false);
  assert.equal(session.rearm(), true);
});

test('a kind that is not delivered per event is aggregated, without client, and wakes nobody', () => {
  const { session, batch } = openGenerator({ detail: ['retry'] });
  const aggregator = new Aggregator();
  session.generate(0, 1000, 2);
  assert.equal(session.drain(), 0);
  assert.equal(session.readAggregates(), 0, 'the table in use is left alone');
  assert.equal(session.readAggregates(), 2);
  aggregator.ingest(batch);
  const event = decodeEvent(batch, 0, String);
  assert.equal(event.count, 500);
  for (const absent of ['client', 'cpu', 'expires_in_ms', 'weight', 'new_destination']) {
    assert.ok(!(absent in event), absent);
  }
  assert.equal(session.readAggregates(), 0);
  assert.equal(readBothSides(session, aggregator), 0);
  assert.equal(aggregator.snapshot().packets, 1000);
  assert.equal(session.counters().detailDropped, 0, 'nothing was to be delivered per event');
});

test('a table is read when every program is done that may still add to it, and not before', async () => {
  let before = 0;
  const tries = 20;
  for (let number = 0; number < tries; number++) {
    const { session } = openGenerator({ detail: [], settled: false });
    session.generate(0, 1000, 2);
    assert.equal(session.readAggregates(), 0);
    let records = session.readAggregates();
    // The wait may be over already, where this thread lost its CPU meanwhile: not every time.
    before += records;
    while (records === 0) {
      assert.equal(session.hasAggregates(), true);
      await setImmediate();
      records = session.readAggregates();
    }
    assert.equal(records, 2);
    assert.equal(session.readAggregates(), 0);
    assert.equal(session.hasAggregates(), false);
    session.close();
  }
  assert.ok(before < 2 * tries, 'read at once, every time');
});

test('more keys than the kernel has room for: what is beyond is counted without addresses', () => {
  const { session } = openGenerator({ detail: [], batchRecords: 1000 });
  const aggregator = new Aggregator(100_000);
  const keys = 20 * 1024;
  for (let first = 0; first < keys; first += 1024) session.generate(first, 1024, keys);
  readBothSides(session, aggregator);
  const { losses, kernelOverflow } = session.counters();
  assert.ok(kernelOverflow > 0);
  assert.deepEqual([...new Set(Object.values(losses))], [0]);
  const { rows, packets } = aggregator.snapshot();
  assert.equal(packets, keys);
  const beyond = rows.filter((row) => row.virtual.address === 'overflow');
  assert.equal(
    beyond.reduce((sum, row) => sum + row.packets, 0),
    kernelOverflow,
  );
  assert.deepEqual(beyond.map((row) => row.verdict).sort(), ['dropped', 'forwarded']);
});

test('a key with a slot is counted there: read at once, exact', () => {
  const { session, batch } = openGenerator({ detail: [] });
  const aggregator = new Aggregator();
  const keys = 3000;
  const generate = (packets: number): void => {
    for (let first = 0; first < packets; first += 1000) session.generate(first, 1000, keys);
  };
  generate(keys);
  readBothSides(session, aggregator);
  assert.equal(aggregator.snapshot().packets, keys);
  let expected = 1;
  for (let round = 0; round < 20; round++) {
    generate(3 * keys);
    expected += 3;
    // The few whose two places others have go by the table, and come a reading later.
    const records = session.readAggregates();
    aggregator.ingest(batch);
    assert.ok(records > keys * 0.9, `${records} of ${keys} keys have a slot`);
    readBothSides(session, aggregator);
    readBothSides(session, aggregator);
    const { rows } = aggregator.snapshot();
    assert.equal(rows.length, keys);
    assert.deepEqual([...new Set(rows.map((row) => row.packets))], [expected]);
  }
  assert.equal(session.hasAggregates(), false);
});

test('a reading that does not fit the buffer goes on where it was', () => {
  const { session } = openGenerator({ detail: [], batchRecords: 7 });
  const aggregator = new Aggregator();
  for (let round = 0; round < 4; round++) {
    session.generate(0, 1000, 100);
    readBothSides(session, aggregator);
    readBothSides(session, aggregator);
  }
  const { rows } = aggregator.snapshot();
  assert.deepEqual([...new Set(rows.map((row) => row.packets))], [40]);
});

test('the slot of an idle key is reassigned to a key that has packets', async () => {
  const idleMs = 5;
  const { session } = openGenerator({ detail: [], keyIdleMs: idleMs });
  const aggregator = new Aggregator(100_000);
  const keys = 5000;
  const sets = 6;
  const made: [number, number][] = [];
  for (let set = 0; set < sets; set++) {
    // There are 16,384 numbers: those of the first sets use them up. A busy machine takes a key of
    // this set for idle, too, now and then; not all the time.
    let known = 0;
    for (let round = 0; known < keys * 0.8; round++) {
      assert.ok(round < 100, `set ${set}: ${known} of ${keys} keys have a slot`);
      await setTimeout(idleMs + 1);
      generateKeys(session, set * keys, keys, sets * keys);
      made.push([set * keys, keys]);
      known = readOnce(session, aggregator);
      readBothSides(session, aggregator);
    }
  }
  assert.deepEqual(aggregatedTotals(aggregator), expectedTotals(made, sets * keys));
  assert.equal(session.counters().kernelOverflow, 0);
});

test('exact while several CPUs add and slots are reassigned all the time', async () => {
  const { session } = openGenerator({ detail: [], keyIdleMs: 1, settled: false });
  const aggregator = new Aggregator(100_000);
  // As many as one of the tables holds; of these a tenth finds no number at first.
  const keys = 8000;
  const cpus = allowedCpus();
  const abort = new AbortController();
  const program = await compileProgram('producer');
  const producers = await Promise.all(
    [0, 1].map((index) =>
      Producer.start(program, cpus[index % cpus.length] ?? 0, keys, abort.signal),
    ),
  );
  const made: [number, number][] = [];
  try {
    const id = session.programs()[0]?.id ?? 0;
    for (let burst = 0; burst < 20; burst++) {
      let making = true;
      const startUs = monotonicUs() + 2_000;
      const productions = Promise.all(
        producers.map((producer) => producer.until(id, startUs, 50_000, 1 << 30)),
      ).finally(() => {
        making = false;
      });
      // Read all the time, and until nothing is left: then the keys are idle.
      while (making || session.hasAggregates()) {
        readOnce(session, aggregator);
        await setImmediate();
      }
      for (const { records } of await productions) made.push([0, records]);
    }
    session.detach();
    readBothSides(session, aggregator);
  } finally {
    abort.abort();
    await Promise.all(producers.map((producer) => producer.stop()));
  }
  assert.deepEqual(aggregatedTotals(aggregator), expectedTotals(made, keys));
  const { losses, kernelOverflow } = session.counters();
  assert.deepEqual([kernelOverflow, ...new Set(Object.values(losses))], [0, 0]);
});

for (const [keys, rounds] of [
  [3000, 4],
  [20_000, 1], // more than the tables hold: the rest comes without addresses
] as const) {
  test(`read element by element, as on kernels without batch operations: ${keys} keys have the same totals`, () => {
    const [batches, singly] = [true, false].map((batches) => {
      const { session } = openGenerator({ detail: [], batches, batchRecords: 1000 });
      const aggregator = new Aggregator(100_000);
      for (let round = 0; round < rounds; round++) {
        generateKeys(session, 0, 3 * keys, keys);
        readBothSides(session, aggregator);
        readBothSides(session, aggregator);
      }
      assert.equal(session.hasAggregates(), false);
      const { losses, kernelOverflow } = session.counters();
      assert.deepEqual([...new Set(Object.values(losses))], [0]);
      assert.equal(aggregator.snapshot().packets, 3 * keys * rounds);
      return { kernelOverflow, ...aggregatedTotals(aggregator) };
    });
    assert.deepEqual(singly, batches);
    assert.equal(singly?.kernelOverflow !== 0, keys > 16_384);
  });
}
