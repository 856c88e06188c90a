import { twoCpus } from '../cpus.js';
import { type Context, type Findings, leftOut, type Section } from '../section.js';
import { type Spread, spread } from '../statistics.js';
import { digits, formatTable, range } from '../table.js';
import { makeRows } from './rows.js';
import { type Plan, run, type Window, type Windows } from './run.js';

/** From one record to the next: 10,000 a second. */
const INTERVAL_NS = 100_000;

/** The overhead of an idle process, and of one with few records. */
export const idle: Section = {
  name: 'idle',
  title: 'wakeups and CPU of a consumer with nothing to do, and with 10,000 records a second',
  async run({ quick, programs, signal, onProgress }: Context): Promise<Findings> {
    const cpus = twoCpus();
    if (cpus === undefined) return leftOut('one CPU to produce and another to consume are needed');
    const plan: Plan = {
      cpus,
      settleMs: quick ? 100 : 12_000,
      idleMs: quick ? 300 : 10_000,
      rounds: quick ? 1 : 5,
      records: quick ? 1_000 : 15_000,
      intervalNs: INTERVAL_NS,
      producer: programs.producer,
      signal,
      onProgress,
    };
    const windows = await run(makeRows(programs), plan);
    return { text: format(windows, plan), goals: {}, others: figures(windows) };
  },
};

const perSecond = ({ wakeups, wallNs }: Window): number => (wakeups * 1e9) / wallNs;

/** Percent of a CPU. */
const share = ({ cpuNs, wallNs }: Window): number => (cpuNs * 100) / wallNs;

const busyShare = ({ busy }: Windows): Spread => spread(busy.map(share));

const busyWakeups = ({ busy }: Windows): Spread => spread(busy.map(perSecond));

/** Wakeups a second, and CPU as a share of one, 0 to 1; medians. */
export function figures(windows: readonly Windows[]): Record<string, number> {
  return Object.fromEntries(
    windows.flatMap((of) => [
      [`idle wakeups a second ${of.row.id}`, perSecond(of.idle)],
      [`CPU share at 10,000 a second ${of.row.id}`, busyShare(of).median / 100],
    ]),
  );
}

const titles = [
  'consumer',
  'idle: wakeups/s',
  'CPU',
  'at 10,000/s: wakeups/s',
  'CPU',
  'min–max',
  'rounds',
];

function format(windows: readonly Windows[], plan: Plan): string {
  const rows = windows.map((of) => [
    of.row.label,
    digits(perSecond(of.idle), 1),
    `${digits(share(of.idle), 2)} %`,
    digits(busyWakeups(of).median, 0),
    `${digits(busyShare(of).median, 2)} %`,
    range(busyShare(of), 2),
    digits(of.busy.length, 0),
  ]);
  return [
    ...formatTable([titles, ...rows]),
    '',
    `Idle for ${plan.idleMs / 1000} s, ${plan.settleMs / 1000} s after the start; wakeups are the ` +
      "voluntary context switches of all threads, CPU is the whole process's share of one. Then one record every " +
      `${plan.intervalNs / 1000} us, ${digits(plan.records, 0)} a round, made on the other CPU; medians. ` +
      'All arrived, with their keys (asserted).',
    '',
  ].join('\n');
}
