import { decodeEvent } from '../record/decode.js';
import type { IpvsEvent } from '../record/event.js';
import { Kind } from '../record/layout.generated.js';
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
    if (batch.record(index).kind === Kind.new) continue;
    events.push({
      event: decodeEvent(batch, index, toTime),
      monotonicNs: batch.record(index).timeNs,
    });
  }
  return events;
}
