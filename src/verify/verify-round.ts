import type { Played } from '../testbed/played.js';
import { compareCaptures } from './compare-captures.js';
import { explain } from './explain.js';
import type { ObservedEvent } from './observed-event.js';
import { formatReport } from './report.js';
import type { Verification } from './verification.js';

/** A round of connects, the events of the probe, and whether they account for each other. */
export interface VerifiedRound extends Verification {
  readonly played: Played;
  readonly events: readonly ObservedEvent[];
}

/**
 * Verifies the events of a round against the client-observed connects, in both directions, and
 * against the packet captures, where the round has some.
 */
export function verifyRound(played: Played, events: readonly ObservedEvent[]): VerifiedRound {
  const explanation = explain(played, events);
  const comparison =
    played.captures === undefined ? undefined : compareCaptures(played, played.captures, events);
  return {
    played,
    events,
    report: formatReport({
      played,
      events,
      explanation,
      ...(comparison === undefined ? {} : { comparison }),
    }),
    passed: explanation.problems.length === 0 && (comparison?.problems.length ?? 0) === 0,
  };
}
