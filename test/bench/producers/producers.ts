import { UNLESS } from '../quiet.js';
import type { Context, Findings, Section } from '../section.js';
import { digits, discards, formatTable, range } from '../table.js';
import { KEYS } from '../workload.js';
import { LEAST_SHARE, type Result, summarize } from './results.js';
import { BURST_US, run, type Series } from './run.js';

/** What a record costs the CPU that makes it while others make records, too. */
export const producers: Section = {
  name: 'producers',
  title: 'CPU time that a record takes its producer, by producers at once',
  async run({ quick, programs, signal, onProgress }: Context): Promise<Findings> {
    const series = await run({
      rounds: quick ? 2 : 60,
      warmups: quick ? 1 : 3,
      producer: programs.producer,
      signal,
      onProgress,
    });
    const results = series.map((one) => ({
      ...one,
      result: summarize(alone(series, one), one.bursts),
    }));
    const others = results.flatMap(({ path, count, result }) =>
      count === 1 ? [] : [[`producers ${path.name} ${count}`, result.ratio.median] as const],
    );
    return { text: format(results), goals: {}, others: Object.fromEntries(others) };
  },
};

const alone = (series: readonly Series[], { path }: Series) =>
  series.find((other) => other.path === path && other.count === 1)?.bursts ?? [];

const titles = [
  'way out of the probe',
  'producers',
  'CPUs',
  'CPU ns per record',
  'min–max',
  'ratio to one',
  'min–max',
  'rounds',
  'discarded',
];

function format(results: readonly (Series & { readonly result: Result })[]): string {
  const rows = results.map(({ path, count, bursts, result }) => [
    path.name,
    digits(count, 0),
    digits(bursts[0]?.cpus ?? 0, 0),
    digits(result.cpuNs.median, 1),
    range(result.cpuNs, 1),
    digits(result.ratio.median, 3),
    range(result.ratio, 3),
    digits(result.rounds, 0),
    discards(result),
  ]);
  return [
    ...formatTable([titles, ...rows]),
    '',
    `Every producer makes records for the same ${BURST_US / 1000} ms, ${digits(KEYS, 0)} keys, pinned to ` +
      'its CPU; where there are more producers than CPUs, they share them. CPU time of the producers ' +
      "alone, the generator's making of the record included. Nobody reads meanwhile; the ring has " +
      'room for all, and every key is in its table already. All that was made is found (asserted).',
    `Discarded: rounds in which the producers, or the one, got less than ${LEAST_SHARE * 100} % of ` +
      `their CPUs, ${UNLESS}.`,
    '',
  ].join('\n');
}
