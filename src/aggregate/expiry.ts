import type { CountTable } from './count-table.js';

/**
 * Finds rows that nothing was added to for some time. A pass compares each count with what it was at
 * the pass before, so that counting itself has nothing to do for it. A row therefore lives at least
 * so long after its last packet, and at most one interval of passes longer.
 */
export class Expiry {
  readonly #afterSeconds: number;
  /** By row: its count at the last pass, and the time of the pass that found it changed. */
  readonly #counts: Float64Array;
  readonly #changedAt: Float64Array;

  constructor(capacity: number, afterSeconds: number) {
    this.#afterSeconds = afterSeconds;
    this.#counts = new Float64Array(capacity);
    this.#changedAt = new Float64Array(capacity);
  }

  /** Bytes of the arrays. */
  get byteLength(): number {
    return this.#counts.byteLength + this.#changedAt.byteLength;
  }

  /** The rows whose time has come, which the caller has to remove now. */
  pass({ used, counts, end }: CountTable, nowSeconds: number): number[] {
    const gone: number[] = [];
    for (let row = 0; row < end; row++) {
      if (used[row] === 0) continue;
      const count = counts[row] as number;
      if (count !== this.#counts[row]) {
        this.#counts[row] = count;
        this.#changedAt[row] = nowSeconds;
      } else if (nowSeconds - (this.#changedAt[row] as number) >= this.#afterSeconds) {
        // Whatever key has the row next, its first packets are a change.
        this.#counts[row] = 0;
        gone.push(row);
      }
    }
    return gone;
  }
}
