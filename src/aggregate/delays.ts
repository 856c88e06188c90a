import { DelayBoundMs } from '../record/layout.generated.js';

/** Upper bounds in seconds; the probe sorts by them (enum ipvscope_delay_bound_ms says why these). */
export const delayBounds: readonly number[] = Object.values(DelayBoundMs).map((ms) => ms / 1000);

/** A histogram of how long clients waited. */
export interface DelayHistogram {
  /** Not cumulative: one for each bound, the last for what is beyond them all. */
  readonly buckets: readonly number[];
  readonly sumSeconds: number;
}

/** Holds one histogram for each of the few rows of the count table that have delays. */
export class Delays {
  readonly #rows = new Map<number, { buckets: number[]; sumSeconds: number }>();

  /** Adds `packets` whose delays sum to `seconds` and belong into the same bucket. */
  add(row: number, bucketIndex: number, packets: number, seconds: number): void {
    let found = this.#rows.get(row);
    if (found === undefined) {
      found = { buckets: Array.from({ length: delayBounds.length + 1 }, () => 0), sumSeconds: 0 };
      this.#rows.set(row, found);
    }
    const bucket = Math.min(bucketIndex, delayBounds.length);
    found.buckets[bucket] = (found.buckets[bucket] ?? 0) + packets;
    found.sumSeconds += seconds;
  }

  remove(row: number): void {
    this.#rows.delete(row);
  }

  of(row: number): DelayHistogram | undefined {
    return this.#rows.get(row);
  }
}
