import { Cause, Kind, Verdict } from './layout.generated.js';

// Why packets were dropped and clients waited. The probe decides it once, in the record (`cause`).

/** Why a packet was dropped: the label of ipvs_dropped_packets_total. */
export type DropCause =
  | 'conntrack'
  | 'unavailable'
  | 'unscheduled'
  | 'overload'
  | 'transmit'
  | 'node';

/** Why a client waited: the label of ipvs_connect_delay_seconds. */
export type DelayCause = DropCause | 'unanswered';

/**
 * The commit (Linux 5.9, and stable branches of 2020) since which ip_vs drops the first packet of a
 * reused port for a confirmed conntrack entry only.
 */
export const CONNTRACK_FIX = 'f0a5e4d7a594';

/** Returns whether packets with this verdict did not go on. */
export const isRefused = (verdict: number): boolean =>
  verdict === Verdict.dropped || verdict === Verdict.rejected;

/** Causes that a drop may have, by kind; of every other kind `anyDropCause`. */
const dropCauses: Readonly<Record<number, readonly number[]>> = {
  [Kind.unavailable]: [Cause.conntrack, Cause.unavailable, Cause.transmit, Cause.node],
  [Kind.unscheduled]: [Cause.unscheduled, Cause.transmit],
  [Kind.overload]: [Cause.overload, Cause.transmit],
};
const anyDropCause = [Cause.conntrack, Cause.transmit, Cause.node];

/**
 * Returns the cause where packets of that kind and verdict may have it, else none. `cause` does not say
 * why no server was chosen: of those causes it is `unscheduled`.
 */
export function possibleCause(kind: number, verdict: number, cause: number): number {
  if (kind === Kind.retry) return cause;
  if (verdict === Verdict.forwarded || verdict === Verdict.rescheduled) {
    return cause === Cause.unanswered ? cause : Cause.none;
  }
  if (!isRefused(verdict)) return Cause.none;
  return (dropCauses[kind] ?? anyDropCause).includes(cause) ? cause : Cause.none;
}

interface CauseName {
  readonly cause: DelayCause;
  /** Why no server was chosen. */
  readonly reason?: string;
}

const causes: Readonly<Record<number, CauseName>> = {
  [Cause.conntrack]: { cause: 'conntrack' },
  [Cause.unavailable]: { cause: 'unavailable' },
  [Cause.noServer]: { cause: 'unscheduled', reason: 'no server' },
  [Cause.noWeight]: { cause: 'unscheduled', reason: 'all weight 0' },
  [Cause.overloaded]: { cause: 'unscheduled', reason: 'all overloaded' },
  [Cause.scheduler]: { cause: 'unscheduled', reason: 'scheduler' },
  [Cause.connLimit]: { cause: 'unscheduled', reason: 'conn limit' },
  [Cause.unscheduled]: { cause: 'unscheduled' },
  [Cause.overload]: { cause: 'overload' },
  [Cause.transmit]: { cause: 'transmit' },
  [Cause.node]: { cause: 'node' },
  [Cause.unanswered]: { cause: 'unanswered' },
};

/** Names an ipvscope_cause as metrics do; undefined where there is no cause. */
export const causeName = (value: number): DelayCause | undefined => causes[value]?.cause;

/** Says of an ipvscope_cause why no server was chosen; undefined where it does not say. */
export const reasonName = (value: number): string | undefined => causes[value]?.reason;
