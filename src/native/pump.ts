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
 * Brings records from the kernel, waking as seldom as may be. Nothing to do: no timer runs, and the
 * first record wakes. Records keep coming: a timer looks for them, and none of them wakes.
 */
export class Pump {
  readonly #from: Pumped;
  readonly #deliver: (records: number) => void;
  #looks: NodeJS.Timeout | undefined;
  /** A look that goes on where another had to stop. */
  #again: NodeJS.Immediate | undefined;
  #quiet = 0;
  #added: NodeJS.Timeout | undefined;
  #stopped = false;

  /** `deliver` is told how many records are in the session's buffer now. */
  constructor(from: Pumped, deliver: (records: number) => void) {
    this.#from = from;
    this.#deliver = deliver;
  }

  /** To be called when the kernel woke. */
  wake(): void {
    this.#quiet = 0;
    this.#looks ??= setInterval(() => this.#look(), LOOK_MS).unref();
    this.#look();
  }

  /** Again is fine. */
  stop(): void {
    this.#stopped = true;
    clearInterval(this.#looks);
    clearInterval(this.#added);
  }

  #look(): void {
    if (this.#stopped || this.#again !== undefined) return;
    this.#watchAdded();
    this.#quiet++;
    const until = performance.now() + MOST_MS;
    for (let records = this.#from.drain(); records > 0; records = this.#from.drain()) {
      this.#quiet = 0;
      this.#deliver(records);
      if (this.#stopped) return;
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
      this.#deliver(records);
      if (this.#stopped) return;
    }
    if (this.#from.adding()) return;
    clearInterval(this.#added);
    this.#added = undefined;
  }
}
