import { missingFixPackets, type Snapshot } from '../aggregate/snapshot.js';
import { CONNTRACK_FIX } from '../record/cause.js';
import { isAttached, type SourceState } from '../source/event-source.js';

/**
 * The last line of every command that attached: what was seen, for how long, and what could not be
 * seen. Silence is only an answer when the probe is known to have looked: what it is blind for is no
 * silence, and comes first. `filter`: what was looked at; empty: everything.
 */
export function summaryLine(
  snapshot: Snapshot,
  state: SourceState,
  seconds: number,
  filter = '',
): string {
  const totals = new Map<string, number>();
  let connections = 0;
  for (const row of snapshot.rows) {
    if (row.kind === 'new') {
      connections += row.packets;
      continue;
    }
    const toDraining = row.draining && row.opening && row.verdict === 'forwarded';
    const why = row.reason === undefined ? '' : ` (${row.reason})`;
    const what = `${row.kind} ${row.verdict}${why}${toDraining ? ' to weight 0' : ''}`;
    totals.set(what, (totals.get(what) ?? 0) + row.packets);
  }
  const parts = [...totals]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([what, packets]) => `${packets} ${what}`);
  const unfixed = missingFixPackets(snapshot);
  if (unfixed > 0) {
    parts.push(
      `${unfixed} of them with an unconfirmed conntrack entry: THIS KERNEL LACKS COMMIT ${CONNTRACK_FIX}`,
    );
  }
  if (snapshot.overflow > 0) parts.push(`${snapshot.overflow} beyond --metrics.max-series`);
  const of = filter === '' ? '' : ` of ${filter}`;
  const seen = `${parts.length === 0 ? 'nothing notable' : parts.join(', ')}${of}`;

  const lost = Object.entries(state.losses).filter(([, count]) => count > 0);
  for (const { variant, function: name, skippedRuns = 0 } of state.programs) {
    if (skippedRuns > 0) lost.push([`skipped runs of ${variant} ${name}`, skippedRuns]);
  }
  const uncounted = state.programs.some((program) => program.skippedRuns === undefined);
  const detailDropped =
    state.detailDropped > 0
      ? `, ${state.detailDropped} counted without detail (too many at once)`
      : '';
  const kernelOverflow =
    state.kernelOverflow > 0
      ? `, ${state.kernelOverflow} counted without service (too many at once)`
      : '';
  const unread = state.failures === undefined ? '' : `, INCOMPLETE: ${state.failures.join(', ')}`;
  const attached = state.programs.filter((program) => program.attached).length;
  const { lookedUp = { packets: 0, opening: 0 } } = state;
  const blind = state.blindSeconds > 0;
  // While it was blind, neither what happened nor what was lost is known.
  const nothingLost = blind
    ? ''
    : `, nothing ${state.failures === undefined ? '' : 'known to be '}lost${uncounted ? ' (but for kprobe runs that the kernel skipped, if any: it does not count them)' : ''}`;
  const unseen =
    lost.length === 0
      ? nothingLost
      : `, LOST ${lost.map(([cause, count]) => `${count} ${cause}`).join(', ')}`;
  return [
    ...(blind
      ? [
          `BLIND: the probe saw none of its own packets for ${state.blindSeconds.toFixed(1)} s (${state.blindCause})`,
        ]
      : []),
    ...(blind && state.heartbeats.seen === 0 && parts.length === 0
      ? []
      : [
          `${seen} in ${blind ? 'the other ' : ''}${Math.max(0, seconds - state.blindSeconds).toFixed(1)} s, ${connections} new connections`,
        ]),
    ...(filter === ''
      ? []
      : [
          `ip_vs was given ${lookedUp.packets} packets of them, ${lookedUp.opening} opening a connection`,
        ]),
    `${attached} of ${state.programs.length} programs attached${unseen}${detailDropped}${kernelOverflow}${unread}`,
    ...(state.watching === 'unproven' && isAttached(state)
      ? [`silence is not proven: ${state.unprovenCause}`]
      : []),
  ].join('; ');
}
