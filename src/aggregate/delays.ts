import { DelayBoundMs } from '../record/layout.generated.js';

/** Upper bounds in seconds; the probe sorts by them (enum ipvscope_delay_bound_ms says why these). */
export const delayBounds: readonly number[] = Object.values(DelayBoundMs).map((ms) => ms / 1000);

/** How long clients waited, sorted into buckets. */
export interface DelayHistogram {
  /** Not cumulative: one for each bound, the last for what is beyond them all. */
  readonly buckets: readonly number[];
  readonly sumSeconds: number;
}

/** One histogram a row of the count table, for the few rows that have one. */
export class Delays {
  readonly #rows = new Map<number, { buckets: number[]; sumSeconds: number }>();

  /** `packets` whose delays are `seconds` together, all of them in this place of `buckets`. */
  add(row: number, place: number, packets: number, seconds: number): void {
    let found = this.#rows.get(row);
    if (found === undefined) {
      found = { buckets: Array.from({ length: delayBounds.length + 1 }, () => 0), sumSeconds: 0 };
      this.#rows.set(row, found);
    }
    const bucket = Math.min(place, delayBounds.length);
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
