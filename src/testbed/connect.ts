/** How a client's connect ended. */
export type Outcome = 'connected' | 'timeout' | 'refused' | 'reset' | 'unreachable';

/**
 * One connect as the client observed it. All times are CLOCK_MONOTONIC nanoseconds, the clock
 * that the probe stamps its records with.
 */
export interface Connect {
  /** `10.0.1.2:40001` */
  readonly client: string;
  readonly startNs: number;
  /** When the outcome was known: no opening packet of this connect comes later. */
  readonly endNs: number;
  readonly connectMs: number;
  readonly outcome: Outcome;
  /** The real server that answered, by the name that it sends first. */
  readonly server?: string;
  /** The scenario dropped its first packet outside ip_vs: it takes as long as the retransmit. */
  readonly lostElsewhere?: true;
  /** The phase of the scenario. */
  readonly phase: string;
}

/** The client's port: `10.0.1.2:40001` and `[fd00::2]:40001` end with it. */
export const portOf = ({ client }: Connect): number =>
  Number(client.slice(client.lastIndexOf(':') + 1));
