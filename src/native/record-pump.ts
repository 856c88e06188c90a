import type { OnBatch, RecordBatch } from '../record/record-batch.js';

/** Poll interval while records arrive: the longest that an event waits. */
const POLL_MS = 40;

/** Polls in a row without a record; after these the reader is idle, and wakeups are re-armed. */
const IDLE_POLLS = 3;

/** How long one poll may deliver before the event loop runs other work. */
const DRAIN_BUDGET_MS = 20;

/** Interval of reading aggregates; a side of the map is read once its grace period elapsed. */
const AGGREGATE_MS = 1_000;

/** What the pump reads from; see Session. */
export interface RecordReader {
  /** Holds what was read last. */
  readonly batch: RecordBatch;
  drain(): number;
  rearm(): boolean;
  readAggregates(): number;
  hasAggregates(): boolean;
}

/**
 * Drains records from the kernel with as few wakeups as possible. Idle: no timer runs, and the first
 * record wakes. Busy: a timer polls, and no record wakes. Held by the receiver: nothing is drained,
 * the rings fill, and the kernel aggregates.
 */
export class RecordPump {
  readonly #from: RecordReader;
  readonly #onBatch: OnBatch;
  #polling: NodeJS.Timeout | undefined;
  /** Continues a poll whose budget was spent. */
  #resumed: NodeJS.Immediate | undefined;
  #idlePolls = 0;
  #aggregating: NodeJS.Timeout | undefined;
  #held = false;
  #stopped = false;

  constructor(from: RecordReader, onBatch: OnBatch) {
    this.#from = from;
    this.#onBatch = onBatch;
  }

  /** Starts to poll. To be called on each wakeup. */
  wake(): void {
    if (this.#held) return;
    this.#idlePolls = 0;
    this.#polling ??= setInterval(() => this.#poll(), POLL_MS).unref();
    this.#poll();
  }

  /** Stops delivering. Idempotent. */
  stop(): void {
    this.#stopped = true;
    this.#clear();
  }

  #clear(): void {
    clearInterval(this.#polling);
    clearInterval(this.#aggregating);
    this.#polling = undefined;
    this.#aggregating = undefined;
  }

  /** Delivers the batch. Returns whether the receiver can take the next one now. */
  #deliver(): boolean {
    const taken = this.#onBatch(this.#from.batch);
    if (taken !== undefined) this.#hold(taken);
    return !this.#stopped && !this.#held;
  }

  #hold(until: Promise<void>): void {
    this.#held = true;
    this.#clear();
    void until.then(() => {
      this.#held = false;
      if (!this.#stopped) this.wake();
    });
  }

  #poll(): void {
    if (this.#stopped || this.#held || this.#resumed !== undefined) return;
    this.#watchAggregates();
    this.#idlePolls++;
    const until = performance.now() + DRAIN_BUDGET_MS;
    while (this.#from.drain() > 0) {
      this.#idlePolls = 0;
      if (!this.#deliver()) return;
      if (performance.now() > until) {
        this.#resumed = setImmediate(() => {
          this.#resumed = undefined;
          this.#poll();
        });
        return;
      }
    }
    if (this.#idlePolls >= IDLE_POLLS && this.#from.rearm()) {
      clearInterval(this.#polling);
      this.#polling = undefined;
      // Something may have been aggregated meanwhile, whose waking record was drained above.
      this.#watchAggregates();
    }
  }

  #watchAggregates(): void {
    if (!this.#from.hasAggregates()) return;
    this.#aggregating ??= setInterval(() => this.#readAggregates(), AGGREGATE_MS).unref();
  }

  #readAggregates(): void {
    while (this.#from.readAggregates() > 0) {
      if (!this.#deliver()) return;
    }
    if (this.#from.hasAggregates()) return;
    clearInterval(this.#aggregating);
    this.#aggregating = undefined;
  }
}
