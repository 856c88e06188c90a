import type { IpvsEvent } from '../../record/event.js';

/** The server that the entry had when it was made, or the one beside it. */
export type Which = 'old' | 'other';

/** What an event has to say. Of the servers it says which, not the address. */
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
  /** Once unless told. How many packets data is cut into, or who is faster, is nobody's affair. */
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

/** Opening packets (of UDP: datagrams) that tcpdump is to see on each leg of the director. */
export interface ExpectedPackets {
  /** ... or as many as there are events: each copy has its own. */
  readonly in: number | 'events';
  readonly old: number;
  readonly other: number;
}

/** All that is to be seen of a test case's client once its entry exists. */
export interface Expectation {
  /** Every event of its port, in the order of time. */
  readonly events: readonly ExpectedEvent[];
  readonly packets: ExpectedPackets;
  /** Of each attempt, one after another. */
  readonly ends: readonly ExpectedEnd[];
}
