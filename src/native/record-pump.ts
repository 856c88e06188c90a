import type { OnBatch, RecordBatch } from '../record/record-batch.js';

/** How often the rings are looked at while records keep coming: what an event waits at the most. */
const POLL_MS = 40;

/** Looks in a row that find nothing; then the next record has to wake. */
const IDLE_POLLS = 3;

/** How long it delivers at a stretch; then others on the event loop have their turn. */
const DRAIN_BUDGET_MS = 20;

/** How often what was added up is read; a table is read once it is added to no more. */
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
 * Brings records from the kernel, waking as seldom as may be. Nothing to do: no timer runs, and the
 * first record wakes. Records keep coming: a timer looks for them, and none of them wakes. While the
 * receiver can take no more, nothing is drained: the rings fill, and the kernel aggregates.
 */
export class RecordPump {
  readonly #from: RecordReader;
  readonly #onBatch: OnBatch;
  #polling: NodeJS.Timeout | undefined;
  /** A look that goes on where another had to stop. */
  #resumed: NodeJS.Immediate | undefined;
  #idlePolls = 0;
  #aggregating: NodeJS.Timeout | undefined;
  #held = false;
  #stopped = false;

  constructor(from: RecordReader, onBatch: OnBatch) {
    this.#from = from;
    this.#onBatch = onBatch;
  }

  /** To be called when the kernel woke. */
  wake(): void {
    if (this.#held) return;
    this.#idlePolls = 0;
    this.#polling ??= setInterval(() => this.#poll(), POLL_MS).unref();
    this.#poll();
  }

  /** Again is fine. */
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
      // What was added up meanwhile: the record that was to wake may have been drained above.
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
