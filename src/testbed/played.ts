import type { Captures } from './captures.js';
import type { Connect } from './connect.js';

/** The state of a real server from a moment on. No connect is under way when it changes. */
export interface ServerState {
  readonly server: string;
  readonly fromNs: number;
  readonly weight: number;
  /** False once it was stopped: packets to it vanish. */
  readonly answers: boolean;
}

/** One round of a scenario, as its clients and its testbed observed it. */
export interface Played {
  readonly scenario: string;
  /** Complete: no other client used these ports before or during the round. */
  readonly connects: readonly Connect[];
  /** Inode number of the director's network namespace: selects the events of the round. */
  readonly netns: number;
  /** The virtual service, `10.96.0.10:80`. */
  readonly virtual: string;
  /** Whether the director tracks connections; otherwise no packet of it has an nf_conn. */
  readonly conntrack: boolean;
  readonly states: readonly ServerState[];
  /** When the clients' kernel sends the copies of an opening packet, in ms after the first. */
  readonly copiesMs: readonly number[];
  /** Present where packets were captured. */
  readonly captures?: Captures;
}

/** The state of a server at a moment; undefined for a server that is not part of the round. */
export function serverStateAt(
  states: readonly ServerState[],
  server: string,
  monotonicNs: number,
): ServerState | undefined {
  return states.findLast((state) => state.server === server && state.fromNs <= monotonicNs);
}
