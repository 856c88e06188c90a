import type { IpvsEvent } from '../../wire/event.js';
import type {
  Expectation,
  ExpectedEnd,
  ExpectedEvent,
  ExpectedPackets,
  Which,
} from './expectation.js';

/** What the fates of one opening packet depend on. */
export interface Facts {
  /** Of the entry when the packet comes. */
  readonly state: string;
  /** Of the entry's server by then. */
  readonly weight: number;
  /** Whether the director tracks connections. */
  readonly conntrack: boolean;
}

/**
 * What nf_conntrack makes of a packet that opens a connection: its entry of a connection that is over
 * is replaced by a new one, not yet confirmed; of one that is not, the packet belongs to it.
 */
export type Tracked = 'unconfirmed' | 'confirmed';

const OVER = ['TIME_WAIT', 'CLOSE'];

export const packets = (into: number, old: number, other: number): ExpectedPackets => ({
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

/** Packets that open nothing, sent on to a server of weight 0. */
export const draining: ExpectedEvent = {
  kind: 'draining',
  verdict: 'forwarded',
  opening: false,
  destination: 'old',
  weight: 0,
  available: true,
  some: true,
};

/** An event of an opening packet that met the entry of the old server. */
export function met(
  { state, weight, conntrack }: Facts,
  event: Pick<IpvsEvent, 'kind' | 'verdict'> & Partial<ExpectedEvent>,
): ExpectedEvent {
  return {
    opening: true,
    destination: 'old',
    weight,
    available: true,
    conn_state: state,
    conntrack: !conntrack ? 'none' : OVER.includes(state) ? 'unconfirmed' : 'confirmed',
    ...event,
  };
}

export const followed = (facts: Facts): ExpectedEvent =>
  met(facts, { kind: 'reuse', verdict: 'forwarded' });

export const chosenAnew = (facts: Facts, to: Which = 'other'): ExpectedEvent =>
  met(facts, { kind: 'reuse', verdict: 'rescheduled', expired: true, new_destination: to });

export const swallowed = (facts: Facts): ExpectedEvent =>
  met(facts, { kind: 'reuse', verdict: 'dropped', cause: 'conntrack', expired: true });

/** The copy that got through after dropped ones. It found no entry: it is the first of a new one. */
export const gotThrough = ({ conntrack }: Pick<Facts, 'conntrack'>, drops = 1): ExpectedEvent => ({
  kind: 'retry',
  verdict: 'forwarded',
  opening: true,
  destination: 'other',
  weight: 1,
  available: true,
  conntrack: conntrack ? 'unconfirmed' : 'none',
  drops,
});

const drained = ({ weight }: Facts): readonly ExpectedEvent[] => (weight === 0 ? [draining] : []);

/** What may become of the opening packet, by names that a table has room for. */
export const fates = {
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
   * resets that connection, which closes the entry, and sends its SYN again at once.
   */
  'challenged, same server': (facts) => ({
    events: [
      followed(facts),
      ...drained(facts),
      followed({ ...facts, state: 'CLOSE' }),
      ...drained(facts),
    ],
    packets: packets(2, 2, 0),
    ends: [connected('old')],
  }),
  'challenged, rescheduled': (facts) => ({
    events: [followed(facts), ...drained(facts), chosenAnew({ ...facts, state: 'CLOSE' })],
    packets: packets(2, 1, 1),
    ends: [connected('other')],
  }),
  'one second': (facts) => ({
    events: [swallowed(facts), gotThrough(facts)],
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

export type Fate = keyof typeof fates;
