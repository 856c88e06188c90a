import type { KindName } from '../record/value-names.js';
import type { Testbed } from '../testbed/testbed.js';
import type { Verification } from '../verify/verification.js';
import type { VerifiedRound } from '../verify/verify-round.js';
import type { Recorder } from './recorder.js';

/** A verified round; without `played` and `events` where it is none of connects and events alone. */
export type ScenarioResult = VerifiedRound | (Verification & { readonly played?: undefined });

/** A situation that goes wrong, or right, with ip_vs, to be played any number of times. */
export interface Scenario {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** The public report of the situation: `kubernetes#81775`. */
  readonly report?: string;
  /** What happens, phase by phase, one line each. */
  readonly description: readonly string[];
  /** Captures packets in any case. */
  readonly capturesPackets?: true;
  /** Kinds of events needed per packet (default: every kind but `draining`). */
  readonly detail?: readonly KindName[];
  /** Its report lists the events: they are not printed one by one. */
  readonly quiet?: true;
  /** Names of its cases, where each can be played without the others. */
  readonly cases?: readonly string[];
  /**
   * Plays and verifies one round. Rounds may follow one another on the same testbed; each takes fresh
   * client ports and sets everything else anew. `cases`: play only these (default: all).
   *
   * @throws the reason of the testbed's signal when that is aborted; an IpvscopeError when the testbed
   * fails. A client's failure to connect is not an error but part of what was played.
   */
  play(testbed: Testbed, recorder: Recorder, cases?: readonly string[]): Promise<ScenarioResult>;
}
