/** How often the rings are looked at while records keep coming: what an event waits at the most. */
const LOOK_MS = 40;

/** Looks in a row that find nothing; then the next record has to wake. */
const QUIET_LOOKS = 3;

/** How long it delivers at a stretch; then others on the event loop have their turn. */
const MOST_MS = 20;

/** How often what was added up is read; a table is read once it is added to no more. */
const ADDED_MS = 1_000;

/** What it pumps from; see NativeSession. */
export interface Pumped {
  drain(): number;
  rest(): boolean;
  coalesced(): number;
  adding(): boolean;
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
export class Pump {
  readonly #from: Pumped;
  readonly #deliver: Deliver;
  #looks: NodeJS.Timeout | undefined;
  /** A look that goes on where another had to stop. */
  #again: NodeJS.Immediate | undefined;
  #quiet = 0;
  #added: NodeJS.Timeout | undefined;
  #held = false;
  #stopped = false;

  /** `deliver` is told how many records are in the session's buffer now. */
  constructor(from: Pumped, deliver: Deliver) {
    this.#from = from;
    this.#deliver = deliver;
  }

  /** To be called when the kernel woke. */
  wake(): void {
    if (this.#held) return;
    this.#quiet = 0;
    this.#looks ??= setInterval(() => this.#look(), LOOK_MS).unref();
    this.#look();
  }

  /** Again is fine. */
  stop(): void {
    this.#stopped = true;
    this.#clear();
  }

  #clear(): void {
    clearInterval(this.#looks);
    clearInterval(this.#added);
    this.#looks = undefined;
    this.#added = undefined;
  }

  /** Delivers what is in the buffer. False: the next is not wanted, or not yet. */
  #hand(records: number): boolean {
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

  #look(): void {
    if (this.#stopped || this.#held || this.#again !== undefined) return;
    this.#watchAdded();
    this.#quiet++;
    const until = performance.now() + MOST_MS;
    for (let records = this.#from.drain(); records > 0; records = this.#from.drain()) {
      this.#quiet = 0;
      if (!this.#hand(records)) return;
      if (performance.now() > until) {
        this.#again = setImmediate(() => {
          this.#again = undefined;
          this.#look();
        });
        return;
      }
    }
    if (this.#quiet >= QUIET_LOOKS && this.#from.rest()) {
      clearInterval(this.#looks);
      this.#looks = undefined;
      // What was added up meanwhile: the record that was to wake may have been drained above.
      this.#watchAdded();
    }
  }

  #watchAdded(): void {
    if (!this.#from.adding()) return;
    this.#added ??= setInterval(() => this.#readAdded(), ADDED_MS).unref();
  }

  #readAdded(): void {
    for (let records = this.#from.coalesced(); records > 0; records = this.#from.coalesced()) {
      if (!this.#hand(records)) return;
    }
    if (this.#from.adding()) return;
    clearInterval(this.#added);
    this.#added = undefined;
  }
}
