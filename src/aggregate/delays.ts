/**
 * Upper bounds in seconds. A client's first copy comes after 1 s (TCP) or 3 s (SCTP), each further
 * one after twice as long: the bounds lie above these sums.
 */
export const delayBounds = [0.25, 0.5, 1, 1.25, 1.5, 2, 3.5, 7.5, 15.5, 31.5, 63.5] as const;

/** How long clients waited, sorted into buckets. */
export interface DelayHistogram {
  /** Not cumulative: one for each bound, the last for what is beyond them all. */
  readonly buckets: readonly number[];
  readonly sumSeconds: number;
}

/** One histogram a row of the count table, for the few rows that have one. */
export class Delays {
  readonly #rows = new Map<number, { buckets: number[]; sumSeconds: number }>();

  add(row: number, seconds: number): void {
    let found = this.#rows.get(row);
    if (found === undefined) {
      found = { buckets: Array.from({ length: delayBounds.length + 1 }, () => 0), sumSeconds: 0 };
      this.#rows.set(row, found);
    }
    const bucket = delayBounds.findIndex((bound) => seconds <= bound);
    const place = bucket < 0 ? delayBounds.length : bucket;
    found.buckets[place] = (found.buckets[place] ?? 0) + 1;
    found.sumSeconds += seconds;
  }

  remove(row: number): void {
    this.#rows.delete(row);
  }

  of(row: number): DelayHistogram | undefined {
    return this.#rows.get(row);
  }
}
