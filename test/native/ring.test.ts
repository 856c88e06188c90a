import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Aggregator } from '../../src/aggregate/aggregator.js';
import { IpvscopeError } from '../../src/error.js';
import { Session } from '../../src/native/session.js';
import { decodeEvent } from '../../src/record/decode.js';
import { RECORD_SIZE } from '../../src/record/layout.generated.js';
import { openGenerator, readBothSides } from './generator.js';

// The real ring and the real way out of the kernel; only the packets are made up (generate.bpf.h).

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof IpvscopeError && error.code === code;
}

for (const ringBytes of [0, -1, 2048, 5000, 4096.5, 4096 * 3, 2 ** 32, Number.NaN]) {
  test(`a ring of ${ringBytes} bytes is refused`, () => {
    assert.throws(() => new Session({ ringBytes }), hasCode('ERR_ARGUMENT'));
  });
}

for (const batchRecords of [0, -1, 1.5, 2 ** 21, Number.NaN]) {
  test(`a batch of ${batchRecords} records is refused`, () => {
    assert.throws(() => new Session({ batchRecords }), hasCode('ERR_ARGUMENT'));
  });
}

test('start() twice is an error, and the first goes on', async () => {
  const { session } = openGenerator();
  const delivered = new Promise<number>((resolve) =>
    session.start(({ count }) => {
      resolve(count);
      return undefined;
    }),
  );
  assert.throws(() => session.start(() => {}), hasCode('ERR_PROBE_STARTED'));
  session.generate(0, 5, 1);
  assert.equal(await delivered, 5);
});

test('nothing but close() works before open() and after close()', () => {
  const session = new Session({ generator: true });
  const calls: (() => unknown)[] = [
    () => session.start(() => {}),
    () => session.drain(),
    () => session.programs(),
    () => session.counters(),
    () => session.readAggregates(),
    () => session.generate(0, 1, 1),
  ];
  for (const call of calls) assert.throws(call, hasCode('ERR_PROBE_CLOSED'));
  session.close();
  session.open();
  session.close();
  session.close();
  session.detach();
  for (const call of calls) assert.throws(call, hasCode('ERR_PROBE_CLOSED'));
});

test('open() twice is an error and harms nothing', () => {
  const { session } = openGenerator();
  assert.throws(() => session.open(), hasCode('ERR_PROBE_OPEN'));
  session.generate(0, 3, 1);
  assert.equal(session.drain(), 3);
});

test('records arrive whole and in order, through the event loop', async () => {
  const { session, batch } = openGenerator();
  const times: string[] = [];
  await new Promise<void>((resolve) => {
    session.start(({ count }) => {
      for (let index = 0; index < count; index++) {
        const event = decodeEvent(batch, index, String);
        const number = times.length;
        const key = number % 7;
        assert.deepEqual(
          { ...event, cpu: 0 },
          {
            time: String(number),
            kind: 'reuse',
            verdict: key % 2 === 1 ? 'forwarded' : 'dropped',
            opening: true,
            proto: 'TCP',
            client: `10.0.${number >> 8}.${number & 255}:${number}`,
            virtual: `10.96.0.${key}:80`,
            fwmark: 0,
            destination: `10.244.0.${key}:8080`,
            weight: key % 2,
            available: true,
            conn_state: 'TIME_WAIT',
            expires_in_ms: number,
            ...(key % 2 === 1 ? {} : { cause: 'conntrack' }),
            conntrack: 'confirmed',
            forwarding: 'masquerade',
            netns: 1,
            cpu: 0,
            count: 1,
          },
        );
        times.push(event.time);
      }
      if (times.length === 2500) resolve();
    });
    session.generate(0, 1000, 7);
    session.generate(1000, 1000, 7);
    session.generate(2000, 500, 7);
  });
  assert.deepEqual(
    Object.values(session.counters().losses).filter((count) => count > 0),
    [],
  );
});

test('a batch is never larger than asked for, and nothing is left behind', async () => {
  const { session } = openGenerator({ batchRecords: 16 });
  const sizes: number[] = [];
  session.generate(0, 1000, 1);
  await new Promise<void>((resolve) => {
    session.start(({ count }) => {
      sizes.push(count);
      if (sizes.reduce((sum, size) => sum + size) === 1000) resolve();
    });
  });
  assert.equal(Math.max(...sizes), 16);
  assert.equal(session.drain(), 0);
});

test('the ring wraps around many times without loss', () => {
  const { session, batch } = openGenerator({ ringBytes: 64 << 10, batchRecords: 100 });
  const aggregator = new Aggregator();
  let expectedTime = 0;
  for (let round = 0; round < 500; round++) {
    session.generate(round * 300, 300, 10);
    for (let records = session.drain(); records > 0; records = session.drain()) {
      aggregator.ingest(batch);
      for (let index = 0; index < records; index += 37) {
        assert.equal(decodeEvent(batch, index, String).time, String(expectedTime + index));
      }
      expectedTime += records;
    }
  }
  const { rows, packets } = aggregator.snapshot();
  assert.equal(packets, 150_000);
  assert.deepEqual(
    rows.map((row) => row.packets),
    Array.from({ length: 10 }, () => 15_000),
  );
  assert.equal(session.counters().detailDropped, 0);
});

test('a record comes within 100 ms, and wakes an idle reader at once', async () => {
  const { session } = openGenerator();
  let arrived: (() => void) | undefined;
  session.start(() => {
    arrived?.();
    return undefined;
  });
  const delays: number[] = [];
  // Pauses on both sides of a poll (40 ms) and of re-arming (three of them).
  for (const pause of [0, 5, 10, 20, 35, 45, 60, 90, 110, 118, 121, 125, 130, 150, 200, 300]) {
    await setTimeout(pause);
    const startMs = performance.now();
    const here = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    session.generate(0, 1, 1);
    await here;
    delays.push(performance.now() - startMs);
  }
  assert.ok(Math.max(...delays) < 100, `${delays}`);
  // After 300 ms polling has stopped.
  assert.ok((delays.at(-1) ?? 0) < 20, `${delays}`);
});

test('what does not fit the ring is aggregated by key, to the last packet', () => {
  const { session, batch } = openGenerator({ ringBytes: 32 << 10, batchRecords: 100 });
  const aggregator = new Aggregator();
  const perRound = 1024;
  // Each record has a header of 8 bytes before it.
  const room = Math.floor((32 << 10) / (RECORD_SIZE + 8));
  const rounds = 5;
  for (let round = 0; round < rounds; round++) {
    session.generate(round * perRound, perRound, 3);
    for (let records = session.drain(); records > 0; records = session.drain()) {
      aggregator.ingest(batch);
    }
    assert.equal(readBothSides(session, aggregator), 3);
  }
  const { rows, packets, records } = aggregator.snapshot();
  assert.equal(packets, rounds * perRound);
  assert.equal(records, rounds * (room + 3));
  const numbers = Array.from({ length: rounds * perRound }, (_, number) => number);
  assert.deepEqual(
    rows.map((row) => [row.virtual.address, row.packets]).sort(),
    [0, 1, 2].map((key) => [`10.96.0.${key}`, numbers.filter((n) => n % 3 === key).length]),
  );
  const { losses, detailDropped } = session.counters();
  assert.equal(detailDropped, rounds * (perRound - room));
  assert.deepEqual([...new Set(Object.values(losses))], [0]);
});

test('says which programs are in the kernel', () => {
  const { session } = openGenerator();
  const [program, ...rest] = session.programs();
  assert.equal(rest.length, 0);
  assert.equal(program?.name, 'generate_records');
  assert.ok((program?.id ?? 0) > 0);
  assert.equal(program?.attached, false);
  assert.ok((program?.verifiedInstructions ?? 0) > 0);
});
