import type { RecordBatch } from '../record/record-batch.js';
import { type ObservedEvent, observeBatch } from './observed-event.js';

/** Collects the events of one round after another. */
export class RoundEvents {
  #events: ObservedEvent[] = [];

  add(batch: RecordBatch, toTime: (monotonicNs: number) => string): void {
    this.#events.push(...observeBatch(batch, toTime));
  }

  /** The events since the round began. */
  taken(): readonly ObservedEvent[] {
    return this.#events;
  }

  /** Begins a round. */
  clear(): void {
    this.#events = [];
  }
}
