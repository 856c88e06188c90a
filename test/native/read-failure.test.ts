import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { afterEach, test } from 'node:test';
import { Aggregator } from '../../src/aggregate/aggregator.js';
import type { IpvscopeError } from '../../src/error.js';
import { LiveSource } from '../../src/source/live-source.js';
import { ReattachingSource } from '../../src/source/reattaching-source.js';
import { monotonicUs } from '../bench/clock.js';
import { compileProgram } from '../bench/compile.js';
import { allowedCpus } from '../bench/cpus.js';
import { Producer } from '../bench/producer.js';
import { breakReads } from '../support/break-reads.js';
import { openGenerator } from './generator.js';

// The kernel refuses to read the aggregation maps: their descriptors really are of another file.

const started: { stop(): void }[] = [];

afterEach(() => {
  for (const source of started.splice(0)) source.stop();
});

function openLive(): LiveSource {
  const attachments = [{ variant: 'fexit' }] as const;
  const source = new LiveSource({ generator: true, ringBytes: 4096, attachments });
  started.push(source);
  return source;
}

/** What the generator makes at once; more than the ring has room for. */
const RECORDS = 1024;

async function produce(source: LiveSource | undefined): Promise<void> {
  const [program] = source?.state().programs ?? [];
  assert.ok(program !== undefined && 'id' in program && typeof program.id === 'number');
  const abort = new AbortController();
  const producer = await Producer.start(
    await compileProgram('producer'),
    allowedCpus()[0] ?? 0,
    7,
    abort.signal,
  );
  try {
    const { records } = await producer.until(program.id, monotonicUs(), 10_000_000, RECORDS);
    assert.equal(records, RECORDS);
  } finally {
    await producer.stop();
  }
}

test('a session that cannot be read says so once, and nothing comes any more', async () => {
  const { session } = openGenerator({ detail: [] });
  assert.equal(breakReads(), 4);
  let batches = 0;
  const error = await new Promise<IpvscopeError>((resolve) => {
    session.start(() => {
      batches++;
      return undefined;
    }, resolve);
    session.generate(0, 10, 1);
  });
  assert.match(error.toLine(), /^ERR_PROBE_READ: cannot read the aggregation maps: /);
  session.generate(10, 10, 1);
  assert.equal(batches, 0);
});

test('at the end: what can be read is delivered, and what cannot is said', async () => {
  const source = openLive();
  await produce(source);
  let records = 0;
  source.start((batch) => {
    records += batch.count;
    return undefined;
  });
  assert.equal(breakReads(), 4);
  source.stop();
  assert.ok(records > 0, 'the ring is read all the same');
  const { failures, programs, detailDropped } = source.state();
  assert.equal(failures?.length, 1);
  assert.match(failures[0] ?? '', /^ERR_PROBE_READ: cannot read the aggregation maps: [^\n]*$/);
  assert.equal(programs.length, 1);
  assert.ok(detailDropped > 0, 'counters are read all the same');
});

test('while it runs: detached, reported, and attached again', async () => {
  let live: LiveSource | undefined;
  const said: string[] = [];
  const events = new EventEmitter();
  const aggregator = new Aggregator();
  const watched = new ReattachingSource({
    attach: () => {
      live = openLive();
      return live;
    },
    instance: () => 'one',
    onAttached: () => events.emit('attached'),
    onDetached: () => {},
    onServicesLeftOut: () => {},
    onWaiting: (reason) => said.push(reason),
  });
  started.push(watched);
  watched.start((batch) => {
    aggregator.ingest(batch);
    return undefined;
  });
  const first = live;
  const again = once(events, 'attached');
  assert.equal(breakReads(), 4);
  await produce(first);
  await again;
  assert.notEqual(live, first);
  assert.equal(said.length, 1);
  assert.match(said[0] ?? '', /^ERR_PROBE_READ: /);
  const { failures, detailDropped } = watched.state();
  assert.equal(failures?.length, 1);
  const { packets } = aggregator.totals();
  assert.equal(packets + detailDropped, RECORDS, 'what overflowed the ring could not be read');
  await produce(live);
  watched.stop();
  assert.equal(aggregator.totals().packets, packets + RECORDS, 'then, all can');
});
