import type { Production } from '../producer.js';
import { keepQuiet } from '../quiet.js';
import { type Spread, spread } from '../statistics.js';

/** The rule for a noisy burst: its producers together got less than this of their CPUs' time. */
export const LEAST_SHARE = 0.9;

/** What producers made at the same time. */
export interface Burst {
  readonly productions: readonly Production[];
  /** Different CPUs they ran on. */
  readonly cpus: number;
}

/** What the bursts of as many producers come to. */
export interface Result {
  /** CPU nanoseconds that a record took its producer. */
  readonly cpuNs: Spread;
  /** The same over one producer's, of the same round. */
  readonly ratio: Spread;
  readonly rounds: number;
  readonly discarded: number;
  readonly noisy: boolean;
}

const sum = (figures: readonly number[]): number =>
  figures.reduce((all, figure) => all + figure, 0);

const cost = ({ productions }: Burst): number =>
  sum(productions.map(({ cpuNs }) => cpuNs)) / sum(productions.map(({ records }) => records));

function isQuiet({ productions, cpus }: Burst): boolean {
  const wallNs = Math.max(...productions.map((production) => production.wallNs));
  return sum(productions.map(({ cpuNs }) => cpuNs)) >= wallNs * cpus * LEAST_SHARE;
}

/** Bursts of several producers, and those of one in the same rounds. Throws a RangeError for none. */
export function summarize(alone: readonly Burst[], bursts: readonly Burst[]): Result {
  const pairs = bursts.flatMap((burst, round) => {
    const one = alone[round];
    return one === undefined ? [] : [{ one, burst }];
  });
  const { kept, discarded, noisy } = keepQuiet(
    pairs,
    ({ one, burst }) => isQuiet(one) && isQuiet(burst),
  );
  return {
    cpuNs: spread(kept.map(({ burst }) => cost(burst))),
    ratio: spread(kept.map(({ one, burst }) => cost(burst) / cost(one))),
    rounds: kept.length,
    discarded,
    noisy,
  };
}
