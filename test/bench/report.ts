import { release } from 'node:os';
import { RECORD_SIZE } from '../../src/wire/layout.generated.js';
import { MOST_WALL_PER_CPU } from './results.js';
import type { Outcome, Plan, RowResult } from './run.js';
import type { Spread } from './statistics.js';
import { KEYS, RECORDS_PER_FILL, RECORDS_PER_ROUND, RING_BYTES } from './workload.js';

const digits = (value: number, fraction: number): string =>
  value.toLocaleString('en', { minimumFractionDigits: fraction, maximumFractionDigits: fraction });

const range = ({ min, max }: Spread, fraction: number): string =>
  `${digits(min, fraction)}–${digits(max, fraction)}`;

const titles = [
  'consumer',
  'CPU ns per record',
  'min–max',
  'M records/s',
  'ratio to C',
  'min–max',
  'GCs',
  'rounds',
  'discarded',
];

const cells = (result: RowResult): string[] => [
  result.row.label,
  digits(result.cpuNs.median, 1),
  range(result.cpuNs, 1),
  digits(result.recordsPerSecond / 1e6, 1),
  digits(result.ratio.median, 3),
  range(result.ratio, 3),
  result.row.collects ? digits(result.collections, 0) : '–',
  digits(result.rounds, 0),
  result.noisy ? 'none: noisy' : digits(result.discarded, 0),
];

/** Markdown, the first column to the left and figures to the right. */
function formatTable(rows: readonly (readonly string[])[]): string[] {
  const widths = titles.map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const lines = rows.map((row) => {
    const padded = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    return `| ${padded.join(' | ')} |`;
  });
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [lines[0] ?? '', `| ${rule.join(' | ')} |`, ...lines.slice(1)];
}

/** The table and, below it, what it takes to read it. */
export function formatReport({ results, records }: Outcome, plan: Plan): string {
  const warmups = digits(plan.warmups * RECORDS_PER_ROUND, 0);
  return [
    ...formatTable([titles, ...results.map(cells)]),
    '',
    `${digits(records, 0)} records of ${RECORD_SIZE} bytes a row (the first ${warmups} to warm up), ` +
      `${digits(KEYS, 0)} keys, ${RING_BYTES >> 20} MiB ring filled with ` +
      `${digits(RECORDS_PER_FILL, 0)} before every drain; totals equal.`,
    'CPU time of the whole process while it drains; ratio: C over the row, of the same round. ' +
      'Medians; compare ratios, not nanoseconds.',
    'Discarded: rounds in which the row or the reference took over ' +
      `${MOST_WALL_PER_CPU} times its CPU time, unless that is most of them.`,
    '',
  ].join('\n');
}

/** The figures for programs: nanoseconds and plain numbers, nothing rounded. */
export function formatJson({ results, records, checksum }: Outcome, plan: Plan): string {
  const document = {
    kernel: release(),
    node: process.version,
    ringBytes: RING_BYTES,
    recordBytes: RECORD_SIZE,
    keys: KEYS,
    recordsPerFill: RECORDS_PER_FILL,
    recordsPerRound: RECORDS_PER_ROUND,
    rounds: plan.rounds,
    warmups: plan.warmups,
    records,
    checksum,
    mostWallPerCpu: MOST_WALL_PER_CPU,
    rows: results.map(({ row, collections, ...figures }) => ({
      id: row.id,
      label: row.label,
      ...figures,
      ...(row.collects ? { collections } : {}),
    })),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
