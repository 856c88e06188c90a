import { twoCpus } from '../cpus.js';
import { UNLESS } from '../quiet.js';
import { type Context, type Findings, leftOut, type Section } from '../section.js';
import { digits, discards, formatTable, range } from '../table.js';
import { KEYS } from '../workload.js';
import { fastest, MOST_DELAY, type Result, summarize } from './results.js';
import { makeRows, type Row } from './rows.js';
import { type Plan, run } from './run.js';

/** Bytes of the ring's data area. */
const RING_BYTES = 8 << 20;

/** Records a second that arrive while one CPU makes them and another consumes (G2). */
export const throughput: Section = {
  name: 'throughput',
  title: 'records a second that arrive, none of them lost, while one CPU makes them flat out',
  async run({ quick, programs, signal, onProgress }: Context): Promise<Findings> {
    const cpus = twoCpus();
    if (cpus === undefined) return leftOut('one CPU to produce and another to consume are needed');
    const plan: Plan = {
      cpus,
      rounds: quick ? 2 : 48,
      warmups: quick ? 1 : 8,
      records: quick ? 500_000 : 1_000_000,
      producer: programs.producer,
      signal,
      onProgress,
    };
    const flows = await run(makeRows(programs, RING_BYTES), plan);
    const references = fastest([...flows].flatMap(([row, own]) => (row.counts ? [own] : [])));
    const results = [...flows].map(([row, own]) => ({ row, ...summarize(references, own) }));
    const ratio = (id: string): number =>
      results.find(({ row }) => row.id === id)?.ratio.median ?? Number.NaN;
    return {
      text: format(results, plan),
      goals: { G2: ratio('typescript-aggregated') },
      others: { 'G2 one by one': ratio('typescript-batch') },
    };
  },
};

const titles = [
  'consumer',
  'M records/s',
  'min–max',
  'ratio to C',
  'min–max',
  'its CPU, ns',
  'busy',
  "producer's, ns",
  'GCs per 10 M',
  'rounds',
  'discarded',
];

function format(results: readonly (Result & { readonly row: Row })[], plan: Plan): string {
  const millions = results.map(({ recordsPerSecond: { median, min, max } }) => {
    return { median: median / 1e6, min: min / 1e6, max: max / 1e6 };
  });
  const rows = results.map((result, index) => {
    const rate = millions[index] ?? { median: 0, min: 0, max: 0 };
    return [
      result.row.label,
      digits(rate.median, 2),
      range(rate, 2),
      digits(result.ratio.median, 3),
      range(result.ratio, 3),
      digits(result.consumerNs, 1),
      `${digits(result.busy * 100, 0)} %`,
      digits(result.producerNs, 1),
      result.row.collects ? digits(result.collections, 0) : '–',
      digits(result.rounds, 0),
      discards(result),
    ];
  });
  return [
    ...formatTable([titles, ...rows]),
    '',
    `${digits(plan.records, 0)} records a row and round, ${digits(KEYS, 0)} keys, ` +
      `${RING_BYTES >> 20} MiB ring. The producer has a CPU of its own and makes records as fast as it ` +
      'can, but waits while the ring has no room for the next 1,024: so none is lost or without detail ' +
      '(asserted), and a consumer that is too slow shows in the rate.',
    'The consumer has the other CPU and sleeps until it is woken, or polls. Time runs from the ' +
      'first record made until the last had arrived; of what is aggregated in the kernel, until the ' +
      "producer's end: that is read once a second, and then. Every total is what the generator made. " +
      'Ratios are to the faster of the two that only count, of the same round; medians.',
    `Discarded: rounds in which row or reference did not get a CPU for over ${MOST_DELAY * 100} % of ` +
      `the time, ${UNLESS}.`,
    '',
  ].join('\n');
}
