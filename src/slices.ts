/** How long work may keep the event loop before it lets others run. */
export const SLICE_MS = 10;

/** Work that is interrupted so that the event loop serves others meanwhile, and what it takes. */
export class Slices {
  /** Milliseconds of all slices that are over. */
  total = 0;
  readonly #now: () => number;
  readonly #wait: () => Promise<void>;
  #start: number;

  constructor(now = () => performance.now(), wait = nextTurn) {
    this.#now = now;
    this.#wait = wait;
    this.#start = now();
  }

  /** Whether it is time to `pause`. */
  get isOver(): boolean {
    return this.#now() - this.#start >= SLICE_MS;
  }

  /** Lets others run. */
  async pause(): Promise<void> {
    this.end();
    await this.#wait();
    this.#start = this.#now();
  }

  /** Waits for work that is done elsewhere, whose time counts. */
  async waitFor<Result>(work: Promise<Result>): Promise<Result> {
    try {
      return await work;
    } finally {
      this.end();
      this.#start = this.#now();
    }
  }

  /** Ends the last slice. */
  end(): void {
    this.total += this.#now() - this.#start;
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
