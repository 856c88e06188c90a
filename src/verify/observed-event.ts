import { decodeEvent, recordTime } from '../record/decode.js';
import type { IpvsEvent } from '../record/event.js';
import { Kind, Offset, RECORD_SIZE } from '../record/layout.generated.js';
import type { RecordBatch } from '../record/record-batch.js';

/** An event with the time it was stamped with, so that it can be laid beside a connect. */
export interface ObservedEvent {
  readonly event: IpvsEvent;
  /** CLOCK_MONOTONIC */
  readonly monotonicNs: number;
}

/** Every event of a batch; what it gives stays valid when the batch is filled anew. */
export function observeBatch(
  batch: RecordBatch,
  toTime: (monotonicNs: number) => string,
): ObservedEvent[] {
  const events: ObservedEvent[] = [];
  for (let index = 0; index < batch.count; index++) {
    // Counted only.
    if (batch.bytes[index * RECORD_SIZE + Offset.kind] === Kind.new) continue;
    events.push({
      event: decodeEvent(batch, index, toTime),
      monotonicNs: recordTime(batch, index),
    });
  }
  return events;
}
