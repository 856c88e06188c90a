import type { ExpectedEvent } from './expectation.js';
import { inBothFamilies, settings } from './make-cases.js';
import {
  chosenAnew,
  connected,
  draining,
  dropped,
  type Facts,
  fresh,
  met,
  orphaned,
  outcomes,
  packets,
  refused,
  timeout,
} from './outcomes.js';
import type { TestCase } from './test-case.js';

const timeWait: Facts = { state: 'TIME_WAIT', weight: 1, conntrack: true };
const closed: Facts = { state: 'CLOSE', weight: 1, conntrack: true };
const untracked = { conntrack: false } as const;

/** No entry, and no server to make one for. */
const noServer = (conntrack: boolean): ExpectedEvent => ({
  kind: 'unscheduled',
  verdict: 'rejected',
  cause: 'unscheduled',
  opening: true,
  // An ICMP error is lost while connect() still holds the socket; the one for the retransmit is not.
  times: 'once or more',
  ...(conntrack ? fresh : { conntrack: 'none' }),
});

const removedOnData = {
  title: 'ESTABLISHED, server removed, data',
  entry: 'held',
  changes: ['removed'],
  again: 'data',
} as const;

const onData = (conntrack: boolean, event: Partial<ExpectedEvent>): ExpectedEvent =>
  met(
    { state: 'ESTABLISHED', weight: 1, conntrack },
    { kind: 'unavailable', verdict: 'dropped', opening: false, available: false, ...event },
  );

const nothing = packets(0, 0, 0);

const removedInTimeWait = (conntrack: boolean): ExpectedEvent =>
  met(
    { ...timeWait, conntrack },
    {
      kind: 'unavailable',
      verdict: 'rescheduled',
      available: false,
      expired: true,
      new_destination: 'other',
    },
  );

/** The lines of TCP by masquerading that the grid does not have. */
export const tcpCases: readonly TestCase[] = [
  ...inBothFamilies(
    {
      title: 'TIME_WAIT; vs/conntrack=1, but no rule that tracks',
      settings: settings(0, 1, 0, { conntrack: 1 }),
      entry: 'closed',
    },
    outcomes.rescheduled({ ...timeWait, ...untracked }),
  ),
  ...inBothFamilies(
    {
      title: 'ESTABLISHED, weight 0; a rule tracks, but vs/conntrack=0',
      settings: settings(1, 1, 1, { conntrack: 0 }),
      entry: 'vanished',
      changes: ['weight 0'],
    },
    {
      events: [
        {
          ...chosenAnew({ state: 'ESTABLISHED', weight: 0, conntrack: true }),
          conntrack: 'unconfirmed',
          // ... though it knows the connection: it was never confirmed, so this is a new one.
          conntrack_state: 'SYN_SENT',
        },
      ],
      packets: packets(1, 0, 1),
      ends: [connected('other')],
    },
  ),
  ...[1, 2].flatMap((mode) =>
    inBothFamilies(
      {
        title: 'CLOSE, by the server',
        settings: settings(0, mode, 1),
        entry: 'reset by server',
      },
      outcomes['one second']({ ...closed, conntrackState: 'CLOSE' }),
    ),
  ),
  ...inBothFamilies(
    { title: 'CLOSE, by the server', settings: settings(0, 1, 0), entry: 'reset by server' },
    outcomes.rescheduled({ ...closed, ...untracked }),
  ),
  ...inBothFamilies(
    { title: 'CLOSE, by the client', settings: settings(0, 1, 1), entry: 'reset by client' },
    outcomes.rescheduled(closed),
  ),
  ...inBothFamilies(
    { title: 'TIME_WAIT, last ACK lost', settings: settings(0, 1, 1), entry: 'last ACK lost' },
    outcomes['one second']({ ...timeWait, conntrackState: 'LAST_ACK' }),
  ),
  ...([0, 1] as const).flatMap((conntrack) =>
    inBothFamilies(
      {
        title: 'TIME_WAIT, server removed',
        settings: settings(0, 1, conntrack),
        entry: 'closed',
        changes: ['removed'],
      },
      {
        events: [removedInTimeWait(conntrack === 1)],
        packets: packets(1, 0, 1),
        ends: [connected('other')],
      },
    ),
  ),
  ...inBothFamilies(
    {
      title: 'TIME_WAIT, server removed',
      settings: settings(0, 0, 1),
      entry: 'closed',
      changes: ['removed'],
    },
    outcomes['dropped for good'](timeWait),
  ),
  ...inBothFamilies(
    {
      title: 'TIME_WAIT, server removed and added again',
      settings: settings(0, 0, 1),
      entry: 'closed',
      changes: ['removed', 'added again'],
    },
    outcomes['same server'](timeWait),
  ),
  ...inBothFamilies(
    {
      title: 'ESTABLISHED, weight 0, data',
      settings: settings(1, 1, 1),
      entry: 'held',
      changes: ['weight 0'],
      again: 'data',
    },
    { events: [draining], packets: nothing, ends: [connected('old')] },
  ),
  ...inBothFamilies(
    { ...removedOnData, settings: settings(0, 1, 1) },
    {
      events: [onData(true, { cause: 'unavailable', times: 'once or more' })],
      packets: nothing,
      ends: [timeout],
    },
  ),
  ...inBothFamilies(
    {
      ...removedOnData,
      title: 'ESTABLISHED, server removed and added again, data',
      settings: settings(0, 1, 1),
      changes: ['removed', 'added again'],
    },
    { events: [], packets: nothing, ends: [connected('old')] },
  ),
  // Only now does ip_vs give the entry up; the packet goes on to the local stack, which resets.
  ...inBothFamilies(
    { ...removedOnData, settings: settings(0, 1, 0), late: { expireNodestConn: 1 } },
    {
      events: [onData(false, { verdict: 'passed', expired: true }), orphaned],
      packets: nothing,
      ends: [{ outcome: 'reset' }],
    },
  ),
  // The copy of the dropped packet finds no entry.
  ...inBothFamilies(
    { ...removedOnData, settings: settings(0, 1, 1), late: { expireNodestConn: 1 } },
    {
      events: [onData(true, { cause: 'conntrack', expired: true }), orphaned],
      packets: nothing,
      ends: [{ outcome: 'reset' }],
    },
  ),
  ...([0, 1] as const).flatMap((conntrack) =>
    inBothFamilies(
      {
        title: 'none, all weights 0',
        settings: settings(0, 1, conntrack),
        entry: 'none',
        changes: ['all weights 0'],
      },
      {
        events: [noServer(conntrack === 1)],
        packets: packets('events', 0, 0),
        ends: [refused],
      },
    ),
  ),
  ...inBothFamilies(
    {
      title: 'CLOSE, by the server, all weights 0',
      settings: settings(0, 1, 1),
      entry: 'reset by server',
      changes: ['all weights 0'],
    },
    {
      events: [
        dropped({ ...closed, weight: 0, conntrackState: 'CLOSE' }),
        // The copy found no entry, and no server: it did not get through.
        noServer(true),
      ],
      packets: packets('events', 0, 0),
      ends: [refused],
    },
  ),
  ...inBothFamilies(
    {
      title: 'TIME_WAIT, all weights 0',
      settings: settings(0, 1, 1),
      entry: 'closed',
      changes: ['all weights 0'],
    },
    {
      events: [
        met(
          { ...timeWait, weight: 0 },
          { kind: 'unscheduled', verdict: 'rejected', cause: 'unscheduled', expired: true },
        ),
        { ...noServer(true), times: 'any number' },
      ],
      packets: packets('events', 0, 0),
      ends: [refused],
    },
  ),
  ...inBothFamilies(
    {
      title: 'TIME_WAIT, all weights 0',
      settings: settings(0, 0, 1),
      entry: 'closed',
      changes: ['all weights 0'],
    },
    outcomes['same server']({ ...timeWait, weight: 0 }),
  ),
];
