import type { IpvsEvent } from '../../record/event.js';

/** The server of the entry when it was created, or the other one. */
export type Which = 'old' | 'other';

/** An expected event. It names servers by their role, not by their address. */
export interface ExpectedEvent
  extends Pick<IpvsEvent, 'kind' | 'verdict'>,
    Partial<
      Pick<
        IpvsEvent,
        | 'weight'
        | 'available'
        | 'cause'
        | 'expired'
        | 'conn_state'
        | 'conntrack'
        | 'drops'
        | 'conntrack_state'
      >
    > {
  readonly opening: boolean;
  readonly destination?: Which;
  readonly new_destination?: Which;
  /** Default: once. The number of data packets, and who is faster, are not tested. */
  readonly times?: 'once or more' | 'any number';
}

/**
 * How long a client waited. `at once`: less than its kernel's first timer, which is a second (SCTP:
 * three). `no answer`: a datagram that nobody answered.
 */
export const waits = ['at once', 'one second', 'three seconds'] as const;

export type Wait = (typeof waits)[number];

export type ExpectedEnd =
  | { readonly outcome: 'connected'; readonly wait: Wait; readonly server: Which }
  | { readonly outcome: 'timeout' | 'refused' | 'reset' };

/** Expected connection-opening packets (UDP: datagrams) on each interface of the director. */
export interface ExpectedPackets {
  /** ... or as many as there are events: each copy has its own. */
  readonly in: number | 'events';
  readonly old: number;
  readonly other: number;
}

/** The expected outcome of a test case once its entry exists. */
export interface Expectation {
  /** Every event of its port, in the order of time. */
  readonly events: readonly ExpectedEvent[];
  readonly packets: ExpectedPackets;
  /** Of each attempt, one after another. */
  readonly ends: readonly ExpectedEnd[];
}
