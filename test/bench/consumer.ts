import type { Session } from '../../src/native/session.js';
import { BatchConsumer } from './batch-consumer.js';
import { EventConsumer } from './event-consumer.js';
import type { Totals } from './protocol.js';

/** What a row of the benchmark does with the ring. */
export interface Consumer {
  /** Takes everything out of the ring; returns how many records that were. This is timed. */
  consume(): number;
  totals(): Totals;
}

/** By the name that the driver starts the peer with. */
export const consumers: Readonly<Record<string, new (session: Session) => Consumer>> = {
  batch: BatchConsumer,
  event: EventConsumer,
};
