import type { Connect } from '../testbed/connect.js';
import type { Played } from '../testbed/played.js';
import type { CaptureReport } from './compare-captures.js';
import { type Explanation, isOfRound } from './explain.js';
import type { ObservedEvent } from './observed-event.js';
import { textTable } from './text-table.js';

/** More are counted, not shown. */
const MOST_PROBLEMS = 20;

export interface ReportParts {
  readonly played: Played;
  readonly events: readonly ObservedEvent[];
  readonly explanation: Explanation;
  readonly capture?: CaptureReport;
}

/** What the clients lived through beside what the probe saw, and whether the two fit together. */
export function formatReport({ played, events, explanation, capture }: ReportParts): string {
  const ours = events.filter(({ event }) => isOfRound(played, event));
  const problems = [...explanation.problems, ...(capture?.problems ?? [])];
  return [
    `${played.scenario}: what the clients lived through`,
    ...indent(connectTable(played.connects)),
    'what the probe saw',
    ...indent(eventTable(ours)),
    ...(capture === undefined
      ? []
      : ['opening packets at the director, by tcpdump', ...indent(captureTable(capture))]),
    ...(problems.length === 0
      ? [`explained: ${played.connects.length} connects and ${ours.length} events fit together`]
      : [`not explained: ${problems.length} things do not fit`, ...indent(listed(problems))]),
    '',
  ].join('\n');
}

/** The value below which that share of the sorted values lies (nearest rank). */
export function quantile(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

function connectTable(connects: readonly Connect[]): string[] {
  const phases = [...new Set(connects.map(({ phase }) => phase))];
  const rows = phases.map((phase) => {
    const all = connects.filter((connect) => connect.phase === phase);
    const failed = all.filter(({ outcome }) => outcome !== 'connected');
    const times = all
      .filter(({ outcome }) => outcome === 'connected')
      .map(({ connectMs }) => connectMs)
      .sort((a, b) => a - b);
    const at = (share: number): string => quantile(times, share)?.toFixed(1) ?? '-';
    return [phase, String(all.length), failures(failed), at(0), at(0.5), at(0.9), at(1)];
  });
  return textTable(['phase', 'connects', 'failed', 'min ms', 'p50', 'p90', 'max'], rows);
}

function failures(failed: readonly Connect[]): string {
  if (failed.length === 0) return '-';
  return [...tally(failed.map(({ outcome }) => outcome))]
    .map(([outcome, count]) => `${count} ${outcome}`)
    .join(', ');
}

function eventTable(events: readonly ObservedEvent[]): string[] {
  const total = new Map<string, { row: string[]; count: number; weightZero: number }>();
  for (const { event } of events) {
    const row = [event.kind, event.verdict, event.conn_state ?? '-'];
    const entry = total.get(row.join()) ?? { row, count: 0, weightZero: 0 };
    total.set(row.join(), entry);
    entry.count += event.count;
    if (event.weight === 0) entry.weightZero += event.count;
  }
  const rows = [...total.values()].map(({ row, count, weightZero }) => [
    ...row,
    String(count),
    String(weightZero),
  ]);
  return textTable(['kind', 'verdict', 'entry', 'events', 'weight 0'], rows);
}

function captureTable({ rows }: CaptureReport): string[] {
  return textTable(
    ['', 'packets', 'with event', 'events say'],
    rows.map(({ what, captured, withEvent, events }) => [
      what === 'in' || what === 'swallowed' ? what : `to ${what}`,
      String(captured),
      String(withEvent),
      String(events),
    ]),
  );
}

function listed(problems: readonly string[]): string[] {
  const more = problems.length - MOST_PROBLEMS;
  return [...problems.slice(0, MOST_PROBLEMS), ...(more > 0 ? [`and ${more} more`] : [])];
}

const indent = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);

function tally<Key>(keys: readonly Key[]): ReadonlyMap<Key, number> {
  const counts = new Map<Key, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
