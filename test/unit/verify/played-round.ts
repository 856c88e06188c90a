import type { IpvsEvent } from '../../../src/record/event.js';
import type { Connect } from '../../../src/testbed/connect.js';
import type { Played } from '../../../src/testbed/played.js';
import type { ObservedEvent } from '../../../src/verify/observed-event.js';

/** A small round made by hand, with every outcome that a connect has in the scenarios. */

export const RS1 = '10.0.2.2:8080';
export const RS2 = '10.0.3.2:8080';
export const VIRTUAL = '10.96.0.10:80';
const NETNS = 4_026_532_000;

export const ms = (milliseconds: number): number => milliseconds * 1e6;

/** A connect that begins at `at` ms. */
export function connect(
  port: number,
  at: number,
  took: number,
  rest: Partial<Connect> = {},
): Connect {
  return {
    client: `10.0.1.2:${port}`,
    startNs: ms(at),
    endNs: ms(at + took),
    connectMs: took,
    outcome: 'connected',
    phase: 'play',
    ...rest,
  };
}

export function failed(port: number, at: number, took: number): Connect {
  return connect(port, at, took, { outcome: 'timeout' });
}

/** An event of a packet seen at `at` ms; forwarded from an entry in TIME_WAIT by default. */
export function event(port: number, at: number, rest: Partial<IpvsEvent> = {}): ObservedEvent {
  return {
    monotonicNs: ms(at),
    event: {
      time: '2026-11-23T08:12:01.123456Z',
      kind: 'reuse',
      verdict: 'forwarded',
      opening: true,
      proto: 'TCP',
      client: `10.0.1.2:${port}`,
      virtual: VIRTUAL,
      fwmark: 0,
      destination: RS1,
      weight: 1,
      available: true,
      conn_state: 'TIME_WAIT',
      expires_in_ms: 100_000,
      conntrack: 'confirmed',
      forwarding: 'masquerade',
      netns: NETNS,
      cpu: 0,
      count: 1,
      ...rest,
    },
  };
}

const dropped = { verdict: 'dropped', cause: 'conntrack', expired: true } as const;
const dead = { weight: 0, conn_state: 'SYN_RECV' } as const;

/**
 * RS1 gets weight 0 at 5 s and is gone at 6 s. Port 1 is sent to RS1 until the end; port 2 is
 * rescheduled, then always goes to RS2; port 3 loses a packet, and a server answers its second;
 * port 4 loses two.
 */
export const played: Played = {
  scenario: 'by-hand',
  netns: NETNS,
  virtual: VIRTUAL,
  conntrack: true,
  copiesMs: [0, 1000, 3000, 7000],
  states: [
    { server: RS1, fromNs: 0, weight: 1, answers: true },
    { server: RS2, fromNs: 0, weight: 1, answers: true },
    { server: RS1, fromNs: ms(5000), weight: 0, answers: true },
    { server: RS1, fromNs: ms(6000), weight: 0, answers: false },
  ],
  connects: [
    connect(1, 100, 5, { server: RS1 }),
    connect(2, 100, 5, { server: RS1 }),
    connect(3, 100, 5, { server: RS1 }),
    connect(4, 100, 5, { server: RS1 }),
    connect(1, 1000, 5, { server: RS1 }),
    connect(2, 1000, 5, { server: RS2 }),
    connect(3, 1000, 1030, { server: RS1 }),
    connect(4, 1000, 3040, { server: RS2 }),
    connect(1, 5100, 5, { server: RS1 }),
    connect(2, 5100, 5, { server: RS2 }),
    failed(1, 6100, 2500),
    failed(1, 9000, 2500),
  ],
};

export const events: readonly ObservedEvent[] = [
  event(1, 1001),
  event(2, 1001, { verdict: 'rescheduled', expired: true, new_destination: RS2 }),
  event(3, 1001, { ...dropped, conn_state: 'CLOSE' }),
  event(4, 1001, { ...dropped, conn_state: 'CLOSE' }),
  event(4, 2001, { ...dropped, conn_state: 'CLOSE' }),
  event(1, 5101, { weight: 0 }),
  event(2, 5101, { destination: RS2 }),
  event(1, 6101, { weight: 0 }),
  event(1, 7101, { ...dead, kind: 'retransmit' }),
  event(1, 9001, dead),
  event(1, 10_001, { ...dead, kind: 'retransmit' }),
];

/** The events with one of them replaced; without it where nothing replaces it. */
export function tampered(
  index: number,
  change: (event: IpvsEvent) => Partial<IpvsEvent> | undefined,
): readonly ObservedEvent[] {
  return events.flatMap((observed, at) => {
    if (at !== index) return [observed];
    const changed = change(observed.event);
    return changed === undefined ? [] : [{ ...observed, event: { ...observed.event, ...changed } }];
  });
}
