import { quantile } from '../verify/report.js';
import type { RoundRecord } from '../verify/round-record.js';
import { textTable } from '../verify/text-table.js';
import { type CorrelatedConnect, correlateConnects } from './correlated-connect.js';
import type { DemoStep } from './steps.js';

const HEADS = [
  ...['step', 'phase', 'connects', 'failed', 'min ms', 'p50', 'max'],
  ...['in', 'to servers', 'not forwarded', 'to weight 0', 'dropped', 'probe events'],
];

/**
 * Formats, phase by phase, the client-observed connects, the packets that tcpdump captured on the
 * director's interfaces, and the probe's events.
 */
export function formatSteps(
  rounds: readonly { readonly step: DemoStep; readonly record: RoundRecord }[],
): string[] {
  const rows = rounds.flatMap(({ step, record }) => {
    const connects = correlateConnects(record);
    const phases = [...new Set(connects.map(({ connect }) => connect.phase))];
    return phases.map((phase, index) => [
      index === 0 ? step.title : '',
      phase,
      ...cells(connects.filter(({ connect }) => connect.phase === phase)),
    ]);
  });
  return textTable(HEADS, rows);
}

function cells(connects: readonly CorrelatedConnect[]): string[] {
  const failed = connects.filter(({ connect }) => connect.outcome !== 'connected');
  const times = connects
    .filter((each) => !failed.includes(each))
    .map(({ connect }) => connect.connectMs)
    .sort((a, b) => a - b);
  const at = (share: number): string => quantile(times, share)?.toFixed(0) ?? '-';
  const sum = (count: (each: CorrelatedConnect) => number): number =>
    connects.reduce((total, each) => total + count(each), 0);
  const packetsIn = sum((each) => each.packetsIn);
  const packetsOut = sum((each) => each.packetsOut);
  const events = connects.flatMap((each) => each.events);
  const toDraining = events.filter(
    ({ verdict, weight }) => verdict === 'forwarded' && weight === 0,
  );
  const dropped = events.filter(({ verdict }) => verdict === 'dropped');
  return [
    ...[String(connects.length), String(failed.length), at(0), at(0.5), at(1)],
    ...[packetsIn, packetsOut, packetsIn - packetsOut].map(String),
    ...[toDraining.length, dropped.length].map(String),
    tally(events),
  ];
}

/** `12 reuse dropped unconfirmed (f0a5e4d7a594 missing), 12 retry forwarded unconfirmed` */
function tally(events: CorrelatedConnect['events']): string {
  const counts = new Map<string, number>();
  for (const { kind, verdict, conntrack, missing_fix: fix } of events) {
    const tracked = conntrack === 'none' ? '' : ` ${conntrack}`;
    const what = `${kind} ${verdict}${tracked}${fix === undefined ? '' : ` (${fix} missing)`}`;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  return [...counts].map(([what, count]) => `${count} ${what}`).join(', ') || '-';
}
