/** How often the rings are looked at while records keep coming: what an event waits at the most. */
const POLL_MS = 40;

/** Looks in a row that find nothing; then the next record has to wake. */
const IDLE_POLLS = 3;

/** How long it delivers at a stretch; then others on the event loop have their turn. */
const DRAIN_BUDGET_MS = 20;

/** How often what was added up is read; a table is read once it is added to no more. */
const AGGREGATE_MS = 1_000;

/** What it pumps from; see NativeSession. */
export interface RecordReader {
  drain(): number;
  rearm(): boolean;
  readAggregates(): number;
  hasAggregates(): boolean;
}

/**
 * Takes records; a promise says that it can take no more until it is fulfilled. It is never rejected.
 */
export type Deliver = (records: number) => Promise<void> | undefined;

/**
 * Brings records from the kernel, waking as seldom as may be. Nothing to do: no timer runs, and the
 * first record wakes. Records keep coming: a timer looks for them, and none of them wakes. While the
 * receiver can take no more, nothing is drained: the rings fill, and the kernel aggregates.
 */
export class RecordPump {
  readonly #from: RecordReader;
  readonly #deliver: Deliver;
  #polling: NodeJS.Timeout | undefined;
  /** A look that goes on where another had to stop. */
  #resumed: NodeJS.Immediate | undefined;
  #idlePolls = 0;
  #aggregating: NodeJS.Timeout | undefined;
  #held = false;
  #stopped = false;

  /** `deliver` is told how many records are in the session's buffer now. */
  constructor(from: RecordReader, deliver: Deliver) {
    this.#from = from;
    this.#deliver = deliver;
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

  /** Delivers what is in the buffer. False: the next is not wanted, or not yet. */
  #tryDeliver(records: number): boolean {
    const taken = this.#deliver(records);
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
    for (let records = this.#from.drain(); records > 0; records = this.#from.drain()) {
      this.#idlePolls = 0;
      if (!this.#tryDeliver(records)) return;
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
    for (
      let records = this.#from.readAggregates();
      records > 0;
      records = this.#from.readAggregates()
    ) {
      if (!this.#tryDeliver(records)) return;
    }
    if (this.#from.hasAggregates()) return;
    clearInterval(this.#aggregating);
    this.#aggregating = undefined;
  }
}
