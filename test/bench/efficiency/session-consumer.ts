import { Session, type SessionOptions } from '../../../src/native/session.js';
import type { RecordBatch } from '../../../src/record/record-batch.js';
import type { Totals } from '../totals.js';
import { KEYS, RING_BYTES } from '../workload.js';
import type { Consumer } from './consumer.js';

/** Most records of one call of `Session.generate`. */
const GENERATE_MOST = 1024;

/** What all consumers have in common that read by the addon that ships. */
export abstract class SessionConsumer implements Consumer {
  readonly session: Session;
  readonly batch: RecordBatch;

  constructor(options: SessionOptions = {}) {
    this.session = new Session({ generator: true, ringBytes: RING_BYTES, ...options });
    this.session.open();
    this.batch = this.session.batch;
  }

  fill(first: number, records: number): void {
    for (let done = 0; done < records; done += GENERATE_MOST) {
      this.session.generate(first + done, Math.min(GENERATE_MOST, records - done), KEYS);
    }
  }

  abstract consume(): number;

  expect(records: number): number {
    return records;
  }

  abstract totals(): Totals | Promise<Totals>;

  close(): void {
    this.session.close();
  }
}
