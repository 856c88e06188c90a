import type { IpvsEvent } from '../../record/event.js';
import type {
  Expectation,
  ExpectedEnd,
  ExpectedEvent,
  ExpectedPackets,
  Which,
} from './expectation.js';

/** What the outcome of one connection-opening packet depends on. */
export interface Facts {
  /** Of the entry when the packet comes. */
  readonly state: string;
  /** Of the entry's server by then. */
  readonly weight: number;
  /** Whether the director tracks connections. */
  readonly conntrack: boolean;
  /** Of the conntrack entry, where it is another than ip_vs's own. */
  readonly conntrackState?: string;
}

/**
 * nf_conntrack replaces the entry of a finished connection when a packet opens a new one; a packet that
 * matches an entry of an unfinished one belongs to that.
 */
const OVER = ['TIME_WAIT', 'CLOSE'];

/** The conntrack entry that a connection-opening packet has created. */
export const fresh = { conntrack: 'unconfirmed', conntrack_state: 'SYN_SENT' } as const;

export const packets = (
  into: ExpectedPackets['in'],
  old: number,
  other: number,
): ExpectedPackets => ({
  in: into,
  old,
  other,
});

export const connected = (
  server: Which,
  wait: (ExpectedEnd & { outcome: 'connected' })['wait'] = 'at once',
): ExpectedEnd => ({ outcome: 'connected', server, wait });

export const timeout: ExpectedEnd = { outcome: 'timeout' };
export const refused: ExpectedEnd = { outcome: 'refused' };

/** Packets that open no connection, sent on to a weight-0 server. */
export const draining: ExpectedEvent = {
  kind: 'draining',
  verdict: 'forwarded',
  opening: false,
  destination: 'old',
  weight: 0,
  available: true,
  times: 'once or more',
};

/** The conntrack entry of a packet that matches a connection entry in that state. */
function tracked({ state, conntrack, conntrackState }: Facts): Partial<ExpectedEvent> {
  if (!conntrack) return { conntrack: 'none' };
  if (conntrackState === undefined && OVER.includes(state)) return fresh;
  // Datagrams have no states.
  if (state === 'UDP') return { conntrack: 'confirmed' };
  return { conntrack: 'confirmed', conntrack_state: conntrackState ?? state };
}

/** An event of a packet that matched the entry of the old server. */
export function met(
  facts: Facts,
  event: Pick<IpvsEvent, 'kind' | 'verdict'> & Partial<ExpectedEvent>,
): ExpectedEvent {
  return {
    opening: true,
    destination: 'old',
    weight: facts.weight,
    available: true,
    conn_state: facts.state,
    ...tracked(facts),
    ...event,
  };
}

export const followed = (facts: Facts): ExpectedEvent =>
  met(facts, { kind: 'reuse', verdict: 'forwarded' });

export const chosenAnew = (facts: Facts, to: Which = 'other'): ExpectedEvent =>
  met(facts, { kind: 'reuse', verdict: 'rescheduled', expired: true, new_destination: to });

/** A retransmit of a packet of which no copy was dropped. */
export const sentAgain = (event: ExpectedEvent): ExpectedEvent => ({
  ...event,
  cause: 'unanswered',
});

export const dropped = (facts: Facts): ExpectedEvent =>
  met(facts, { kind: 'reuse', verdict: 'dropped', cause: 'conntrack', expired: true });

/** The copy that got through after dropped ones. It found no entry: it is the first of a new one. */
export const gotThrough = ({ conntrack }: Pick<Facts, 'conntrack'>): ExpectedEvent => ({
  kind: 'retry',
  verdict: 'forwarded',
  opening: true,
  destination: 'other',
  weight: 1,
  available: true,
  ...(conntrack ? fresh : { conntrack: 'none' }),
  cause: 'conntrack',
  drops: 1,
});

/** The reset that answers the client's packet once the entry is gone. */
export const orphaned: ExpectedEvent = {
  kind: 'orphan',
  verdict: 'rejected',
  opening: false,
  conntrack: 'none',
};

const drained = ({ weight }: Facts): readonly ExpectedEvent[] => (weight === 0 ? [draining] : []);

/** Expected outcomes of the connection-opening packet, by short names. */
export const outcomes = {
  'same server': (facts) => ({
    events: [followed(facts), ...drained(facts)],
    packets: packets(1, 1, 0),
    ends: [connected('old')],
  }),
  rescheduled: (facts) => ({
    events: [chosenAnew(facts)],
    packets: packets(1, 0, 1),
    ends: [connected('other')],
  }),
  /**
   * The old server still has the connection and answers the SYN with a challenge ACK; the client
   * resets that connection, which closes the entry, and retransmits its SYN at once.
   */
  'challenged, same server': (facts) => ({
    events: [
      followed(facts),
      ...drained(facts),
      sentAgain(followed({ ...facts, state: 'CLOSE' })),
      ...drained(facts),
    ],
    packets: packets(2, 2, 0),
    ends: [connected('old')],
  }),
  'challenged, rescheduled': (facts) => ({
    events: [
      followed(facts),
      ...drained(facts),
      sentAgain(chosenAnew({ ...facts, state: 'CLOSE' })),
    ],
    packets: packets(2, 1, 1),
    ends: [connected('other')],
  }),
  'one second': (facts) => ({
    events: [dropped(facts), gotThrough(facts)],
    packets: packets(2, 0, 1),
    ends: [connected('other', 'one second')],
  }),
  /** The entry is gone by the time the packet comes: it is the first of a new one. */
  'new entry': () => ({
    events: [],
    packets: packets(1, 0, 1),
    ends: [connected('other')],
  }),
  /** The server is not in the table any more; both copies that the client has time for are dropped. */
  'dropped for good': (facts) => ({
    events: Array<ExpectedEvent>(2).fill(
      met(facts, {
        kind: 'unavailable',
        verdict: 'dropped',
        cause: 'unavailable',
        available: false,
      }),
    ),
    packets: packets(2, 0, 0),
    ends: [timeout],
  }),
} as const satisfies Readonly<Record<string, (facts: Facts) => Expectation>>;

export type OutcomeName = keyof typeof outcomes;
