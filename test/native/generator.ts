import { afterEach } from 'node:test';
import type { Aggregator } from '../../src/aggregate/aggregator.js';
import { Session, type SessionOptions } from '../../src/native/session.js';
import { RecordBatch } from '../../src/record/record-batch.js';

const opened: Session[] = [];

/** A session with the record generator (native/bpf/output/generate.bpf.h), closed after the test. */
export function openGenerator(options: SessionOptions = {}): {
  session: Session;
  batch: RecordBatch;
} {
  const session = new Session({ generator: true, ...options });
  opened.push(session);
  session.open();
  return { session, batch: new RecordBatch(session.bytes) };
}

afterEach(() => {
  for (const session of opened.splice(0)) session.close();
});

/** What can be read without waiting for anything: keys that are counted by number. */
export function readOnce(session: Session, batch: RecordBatch, aggregator: Aggregator): number {
  let records = 0;
  for (let count = session.readAggregates(); count > 0; count = session.readAggregates()) {
    batch.count = count;
    aggregator.ingest(batch);
    records += count;
  }
  return records;
}

/** Of a session that is settled, reads both tables: what is added to now, and what rested. */
export function readBothSides(
  session: Session,
  batch: RecordBatch,
  aggregator: Aggregator,
): number {
  return readOnce(session, batch, aggregator) + readOnce(session, batch, aggregator);
}
