import { keepQuiet } from '../quiet.js';
import { type Spread, spread } from '../statistics.js';

/**
 * The rule for a noisy round: producer or consumer was ready to run for this share of the time and
 * did not get its CPU. Looks at no result. Of a hypervisor's other guests it cannot know.
 */
export const MOST_DELAY = 0.05;

/** Records that garbage collections are counted for. */
const COLLECTIONS_PER = 10_000_000;

/** One round of a row. */
export interface Flow {
  readonly records: number;
  /** From the first record's making until the last had arrived. */
  readonly wallNs: number;
  /** CPU time of the producer, and of the consumer's whole process. */
  readonly producerNs: number;
  readonly consumerNs: number;
  readonly collections: number;
  /** How long producer or consumer, whichever longer, waited for its CPU. */
  readonly delayNs: number;
}

/** What the rounds of a row come to. */
export interface Result {
  readonly recordsPerSecond: Spread;
  /** Records a second over the reference's, of the same round. */
  readonly ratio: Spread;
  /** CPU nanoseconds a record, medians. */
  readonly producerNs: number;
  readonly consumerNs: number;
  /** Of the time, that the consumer had its CPU; a median. */
  readonly busy: number;
  /** Garbage collections for 10 million records, in all rounds. */
  readonly collections: number;
  readonly rounds: number;
  readonly discarded: number;
  readonly noisy: boolean;
}

const rate = ({ records, wallNs }: Flow): number => (records * 1e9) / wallNs;

const isQuiet = ({ delayNs, wallNs }: Flow): boolean => delayNs <= wallNs * MOST_DELAY;

/** The faster of some series. Throws a RangeError where there is none. */
export function fastest(series: readonly (readonly Flow[])[]): readonly Flow[] {
  const [first, ...others] = series;
  if (first === undefined) throw new RangeError('no series to compare with');
  const median = (flows: readonly Flow[]): number => spread(flows.map(rate)).median;
  return others.reduce((best, flows) => (median(flows) > median(best) ? flows : best), first);
}

/** Throws a RangeError where there are no rounds. */
export function summarize(references: readonly Flow[], flows: readonly Flow[]): Result {
  const pairs = flows.flatMap((flow, round) => {
    const reference = references[round];
    return reference === undefined ? [] : [{ reference, flow }];
  });
  const { kept, discarded, noisy } = keepQuiet(
    pairs,
    ({ reference, flow }) => isQuiet(reference) && isQuiet(flow),
  );
  const sum = (of: (flow: Flow) => number): number =>
    flows.reduce((all, flow) => all + of(flow), 0);
  const median = (of: (flow: Flow) => number): number =>
    spread(kept.map(({ flow }) => of(flow))).median;
  return {
    recordsPerSecond: spread(kept.map(({ flow }) => rate(flow))),
    ratio: spread(kept.map(({ reference, flow }) => rate(flow) / rate(reference))),
    producerNs: median(({ producerNs, records }) => producerNs / records),
    consumerNs: median(({ consumerNs, records }) => consumerNs / records),
    busy: median(({ consumerNs, wallNs }) => consumerNs / wallNs),
    collections:
      (sum(({ collections }) => collections) * COLLECTIONS_PER) / sum(({ records }) => records),
    rounds: kept.length,
    discarded,
    noisy,
  };
}
