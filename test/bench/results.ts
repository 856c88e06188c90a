import type { Cost } from './protocol.js';
import { type Spread, spread } from './statistics.js';
import { RECORDS_PER_ROUND } from './workload.js';

/**
 * The rule for a noisy round: it took this many times its CPU time to run, so something else had the
 * CPU, and the caches, meanwhile. Looks at no result. Of a hypervisor's other guests it cannot know.
 */
export const MOST_WALL_PER_CPU = 1.1;

/** One round of a row, and the reference's round that it is compared to. */
export interface Pair {
  readonly reference: Cost;
  readonly cost: Cost;
}

export interface Result {
  /** CPU nanoseconds a record. */
  readonly cpuNs: Spread;
  /** One CPU's, at the median. */
  readonly recordsPerSecond: number;
  /** The reference's CPU time over this row's, round by round: above 1 is cheaper than it. */
  readonly ratio: Spread;
  /** Garbage collections in all measured rounds, discarded ones included. */
  readonly collections: number;
  /** Rounds that the figures are made of. */
  readonly rounds: number;
  /** Noisy rounds that they are not made of. */
  readonly discarded: number;
  /** More than half of the rounds were noisy, so that none was discarded. */
  readonly noisy: boolean;
}

const isQuiet = ({ cpuNs, wallNs }: Cost): boolean => wallNs <= cpuNs * MOST_WALL_PER_CPU;

/** Throws a RangeError where there are no pairs. */
export function summarize(pairs: readonly Pair[]): Result {
  const quiet = pairs.filter(({ reference, cost }) => isQuiet(reference) && isQuiet(cost));
  const noisy = quiet.length * 2 < pairs.length;
  const kept = noisy ? pairs : quiet;
  const cpuNs = spread(kept.map(({ cost }) => cost.cpuNs / RECORDS_PER_ROUND));
  return {
    cpuNs,
    recordsPerSecond: 1e9 / cpuNs.median,
    ratio: spread(kept.map(({ reference, cost }) => reference.cpuNs / cost.cpuNs)),
    collections: pairs.reduce((sum, { cost }) => sum + cost.collections, 0),
    rounds: kept.length,
    discarded: pairs.length - kept.length,
    noisy,
  };
}
