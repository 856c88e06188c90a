/** How often the rings are looked at while records keep coming: what an event waits at the most. */
const LOOK_MS = 40;

/** Looks in a row that find nothing; then the next record has to wake. */
const QUIET_LOOKS = 3;

/** Batches delivered at a stretch; then others on the event loop have their turn. */
const MOST_BATCHES = 64;

/** How often what was added up is read: what is read then rested once as long. */
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
    if (this.#stopped) return;
    if (this.#from.adding()) {
      this.#added ??= setInterval(() => this.#readAdded(), ADDED_MS).unref();
    }
    this.#quiet++;
    for (let batches = 0; ; batches++) {
      const records = this.#from.drain();
      if (records === 0) break;
      this.#quiet = 0;
      this.#deliver(records);
      if (this.#stopped) return;
      if (batches === MOST_BATCHES) {
        setImmediate(() => this.#look());
        return;
      }
    }
    if (this.#quiet >= QUIET_LOOKS && this.#from.rest()) {
      clearInterval(this.#looks);
      this.#looks = undefined;
    }
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
