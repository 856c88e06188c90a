import type { RecordBatch } from '../wire/batch.js';
import { decodeEvent, recordTime } from '../wire/decode.js';
import type { IpvsEvent } from '../wire/event.js';

/** An event with the time it was stamped with, so that it can be laid beside a connect. */
export interface ObservedEvent {
  readonly event: IpvsEvent;
  /** CLOCK_MONOTONIC */
  readonly monotonicNs: number;
}

/** Every record of a batch; what it gives stays valid when the batch is filled anew. */
export function observeBatch(
  batch: RecordBatch,
  toTime: (monotonicNs: number) => string,
): ObservedEvent[] {
  return Array.from({ length: batch.count }, (_, index) => ({
    event: decodeEvent(batch, index, toTime),
    monotonicNs: recordTime(batch, index),
  }));
}
