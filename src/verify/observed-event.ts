import { decodeEvent, recordTime } from '../record/decode.js';
import type { IpvsEvent } from '../record/event.js';
import { Kind, Offset, RECORD_SIZE } from '../record/layout.generated.js';
import type { RecordBatch } from '../record/record-batch.js';

/** An event with its monotonic time stamp, so that it can be matched with a connect. */
export interface ObservedEvent {
  readonly event: IpvsEvent;
  /** CLOCK_MONOTONIC */
  readonly monotonicNs: number;
}

/** Decodes every event of a batch; the result stays valid when the batch is overwritten. */
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
