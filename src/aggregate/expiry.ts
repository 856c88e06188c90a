import type { CountTable } from './count-table.js';

/**
 * Finds idle rows. A pass compares each count with that of the previous pass, so that counting bears
 * no cost. A row therefore lives at least that long after its last packet, and at most one interval of
 * passes longer.
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

  /** Returns the rows that expire now; the caller has to remove them. */
  pass({ used, counts, end }: CountTable, nowSeconds: number): number[] {
    const gone: number[] = [];
    for (let row = 0; row < end; row++) {
      if (used[row] === 0) continue;
      const count = counts[row] as number;
      if (count !== this.#counts[row]) {
        this.#counts[row] = count;
        this.#changedAt[row] = nowSeconds;
      } else if (nowSeconds - (this.#changedAt[row] as number) >= this.#afterSeconds) {
        // The first packets of the row's next key are a change.
        this.#counts[row] = 0;
        gone.push(row);
      }
    }
    return gone;
  }
}
