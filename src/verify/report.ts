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
  readonly comparison?: CaptureReport;
}

/** Formats the client-observed connects, the probe's events, and whether they are consistent. */
export function formatReport({ played, events, explanation, comparison }: ReportParts): string {
  const ours = events.filter(({ event }) => isOfRound(played, event));
  const problems = [...explanation.problems, ...(comparison?.problems ?? [])];
  return [
    `${played.scenario}: client-observed connects`,
    ...indent(connectTable(played.connects)),
    'probe events',
    ...indent(eventTable(ours)),
    ...(comparison === undefined
      ? []
      : [
          'connection-opening packets captured at the director',
          ...indent(captureTable(comparison)),
        ]),
    ...(problems.length === 0
      ? [`verified: ${played.connects.length} connects and ${ours.length} events are consistent`]
      : [`not verified: ${problems.length} inconsistencies`, ...indent(listed(problems))]),
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
    ['', 'packets', 'with event', 'by events'],
    rows.map(({ what, captured, withEvent, events }) => [
      what === 'in' || what === 'not forwarded' ? what : `to ${what}`,
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
