import { keepQuiet } from '../quiet.js';
import { type Spread, spread } from '../statistics.js';
import { RECORDS_PER_ROUND } from '../workload.js';
import type { Cost } from './protocol.js';

/**
 * The rule for a noisy round: it took this many times its CPU time to run, so something else had the
 * CPU, and the caches, meanwhile. Looks at no result. Of a hypervisor's other guests it cannot know.
 */
export const MOST_WALL_PER_CPU = 1.1;

/** Records that garbage collections are counted for. */
const COLLECTIONS_PER = 10_000_000;

/** One round of a row, and the reference's round that it is compared to. */
export interface Pair {
  readonly reference: Cost;
  readonly cost: Cost;
}

/** What the rounds of a row come to. */
export interface Result {
  /** CPU nanoseconds a record. */
  readonly cpuNs: Spread;
  /** ... that it took to make it. */
  readonly fillNs: Spread;
  /** One CPU's, at the median. */
  readonly recordsPerSecond: number;
  /** The reference's CPU time over this row's, round by round: above 1 is cheaper than it. */
  readonly ratio: Spread;
  /** Garbage collections for 10 million records, in all measured rounds, discarded ones included. */
  readonly collections: number;
  /** Records of all measured rounds. */
  readonly records: number;
  /** Rounds that the figures are made of. */
  readonly rounds: number;
  /** Noisy rounds that they are not made of. */
  readonly discarded: number;
  /** Too few rounds were quiet, so that none was discarded. */
  readonly noisy: boolean;
}

const isQuiet = ({ cpuNs, wallNs }: Cost): boolean => wallNs <= cpuNs * MOST_WALL_PER_CPU;

/** Throws a RangeError where there are no pairs. */
export function summarize(pairs: readonly Pair[]): Result {
  const { kept, discarded, noisy } = keepQuiet(
    pairs,
    ({ reference, cost }) => isQuiet(reference) && isQuiet(cost),
  );
  const cpuNs = spread(kept.map(({ cost }) => cost.cpuNs / RECORDS_PER_ROUND));
  const records = pairs.length * RECORDS_PER_ROUND;
  const collections = pairs.reduce((sum, { cost }) => sum + cost.collections, 0);
  return {
    cpuNs,
    fillNs: spread(kept.map(({ cost }) => cost.fillNs / RECORDS_PER_ROUND)),
    recordsPerSecond: 1e9 / cpuNs.median,
    ratio: spread(kept.map(({ reference, cost }) => reference.cpuNs / cost.cpuNs)),
    collections: (collections * COLLECTIONS_PER) / records,
    records,
    rounds: kept.length,
    discarded,
    noisy,
  };
}
