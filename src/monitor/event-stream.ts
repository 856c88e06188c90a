import { decodeEvent } from '../record/decode.js';
import type { IpvsEvent } from '../record/event.js';
import type { EventSelection } from '../record/event-selection.js';
import type { RecordBatch } from '../record/record-batch.js';

type Take = (result: IteratorResult<IpvsEvent, undefined>) => void;

const DONE = { done: true, value: undefined } as const;

/**
 * Hands out events to one consumer, in the order in which they were delivered. Holds at most what
 * was delivered last: `push` returns a promise that is pending until the consumer has taken it, and
 * whoever delivers waits for that.
 */
export class EventStream implements AsyncIterableIterator<IpvsEvent, undefined> {
  readonly #selection: EventSelection;
  readonly #onReturn: (stream: EventStream) => void;
  #queue: IpvsEvent[] = [];
  #taken = 0;
  /** Calls of `next()` that wait for an event, oldest first. */
  readonly #waiting: Take[] = [];
  #release: (() => void) | undefined;
  #ended = false;

  /** Calls `onReturn` once when the consumer leaves before the end. */
  constructor(selection: EventSelection, onReturn: (stream: EventStream) => void) {
    this.#selection = selection;
    this.#onReturn = onReturn;
  }

  /**
   * Decodes and queues the batch's selected records. Returns a promise, fulfilled once all of them
   * were taken; undefined where none is left to take.
   */
  push(batch: RecordBatch, toTime: (monotonicNs: number) => string): Promise<void> | undefined {
    if (this.#ended) return undefined;
    for (let index = 0; index < batch.count; index++) {
      if (!this.#selection.has(batch, index)) continue;
      const value = decodeEvent(batch, index, toTime);
      const take = this.#waiting.shift();
      if (take === undefined) this.#queue.push(value);
      else take({ done: false, value });
    }
    if (this.#queue.length === 0) return undefined;
    const former = this.#release;
    return new Promise((resolve) => {
      this.#release = () => {
        former?.();
        resolve();
      };
    });
  }

  /** Ends the stream after the events that are queued. Idempotent. */
  end(): void {
    this.#ended = true;
    for (const take of this.#waiting.splice(0)) take(DONE);
  }

  async next(): Promise<IteratorResult<IpvsEvent, undefined>> {
    const value = this.#queue[this.#taken];
    if (value !== undefined) {
      this.#taken++;
      if (this.#taken === this.#queue.length) this.#clear();
      return { done: false, value };
    }
    if (this.#ended) return DONE;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Leaves the stream: what is queued is dropped. Called by `break` in a `for await` loop. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    this.end();
    this.#clear();
    this.#onReturn(this);
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #clear(): void {
    this.#queue = [];
    this.#taken = 0;
    const release = this.#release;
    this.#release = undefined;
    release?.();
  }
}
