import { RECORD_SIZE } from '../../../src/record/layout.generated.js';
import { UNLESS } from '../quiet.js';
import { digits, discards, formatTable, range } from '../table.js';
import { KEYS, RECORDS_PER_FILL, RECORDS_PER_ROUND, RING_BYTES } from '../workload.js';
import { MOST_WALL_PER_CPU } from './results.js';
import type { Plan, RowResult } from './run.js';

const titles = [
  'consumer',
  'CPU ns per record',
  'min–max',
  'M records/s',
  'ratio to C',
  'min–max',
  'GCs per 10 M',
  'to produce, ns',
  'rounds',
  'discarded',
];

const columns = (result: RowResult): string[] => [
  result.row.label,
  digits(result.cpuNs.median, 1),
  range(result.cpuNs, 1),
  digits(result.recordsPerSecond / 1e6, 1),
  digits(result.ratio.median, 3),
  range(result.ratio, 3),
  result.row.collects ? digits(result.collections, 0) : '–',
  digits(result.fillNs.median, 1),
  digits(result.rounds, 0),
  discards(result),
];

/** The table and, below it, what it takes to read it. */
export function formatReport(results: readonly RowResult[], plan: Plan): string {
  const most = Math.max(...results.map(({ records }) => records));
  const warmups = digits(plan.warmups * RECORDS_PER_ROUND, 0);
  return [
    ...formatTable([titles, ...results.map(columns)]),
    '',
    `${digits(most, 0)} records of ${RECORD_SIZE} bytes a row (fewer of slow rows), after ` +
      `${warmups} to warm up; ${digits(KEYS, 0)} keys; ${RING_BYTES >> 20} MiB ring filled with ` +
      `${digits(RECORDS_PER_FILL, 0)} before every drain. Every total is what the generator made.`,
    'CPU time of the whole process while it drains; ratio: C over the row, of the same round. ' +
      'Medians; compare ratios, not nanoseconds.',
    'To produce: CPU time of the making of the record and its way out of the probe, where what is ' +
      'aggregated is counted; it is read here as often as the ring, by `serve` once a second.',
    'Discarded: rounds in which the row or the reference took over ' +
      `${MOST_WALL_PER_CPU} times its CPU time, ${UNLESS}.`,
    '',
  ].join('\n');
}
