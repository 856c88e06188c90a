import { afterEach } from 'node:test';
import type { Aggregator } from '../../src/aggregate/aggregator.js';
import { Session, type SessionOptions } from '../../src/native/session.js';
import type { RecordBatch } from '../../src/record/record-batch.js';

const opened: Session[] = [];

/** A session with the record generator (native/bpf/output/generate.bpf.h), closed after the test. */
export function openGenerator(options: SessionOptions = {}): {
  session: Session;
  batch: RecordBatch;
} {
  const session = new Session({ generator: true, ...options });
  opened.push(session);
  session.open();
  return { session, batch: session.batch };
}

afterEach(() => {
  for (const session of opened.splice(0)) session.close();
});

/** Ingests what can be read without waiting for anything: keys that are counted in slots. */
export function readOnce(session: Session, aggregator: Aggregator): number {
  let records = 0;
  for (let count = session.readAggregates(); count > 0; count = session.readAggregates()) {
    aggregator.ingest(session.batch);
    records += count;
  }
  return records;
}

/** Ingests both sides of a session that is settled: the one in use, and the other. */
export const readBothSides = (session: Session, aggregator: Aggregator): number =>
  readOnce(session, aggregator) + readOnce(session, aggregator);
