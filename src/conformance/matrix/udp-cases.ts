import type { ExpectedEvent } from './expectation.js';
import { datagrams, inBothFamilies, settings } from './make-cases.js';
import { connected, draining, met, packets, refused, timeout } from './outcomes.js';
import type { TestCase } from './test-case.js';

/** UDP opens nothing: every datagram that an entry is found for follows it. */
const removed = (conntrack: boolean, event: Partial<ExpectedEvent>): ExpectedEvent =>
  met(
    { state: 'UDP', weight: 1, conntrack },
    { kind: 'unavailable', verdict: 'dropped', opening: false, available: false, ...event },
  );

const service = datagrams;
const entry = 'datagram';

export const udpCases: readonly TestCase[] = [
  ...inBothFamilies(
    { title: 'UDP, weight 1', service, entry, settings: settings(1, 1, 1) },
    { events: [], packets: packets(1, 1, 0), ends: [connected('old')] },
  ),
  ...inBothFamilies(
    {
      title: 'UDP, weight 0',
      service,
      entry,
      changes: ['weight 0'],
      settings: settings(1, 1, 1),
    },
    { events: [draining], packets: packets(1, 1, 0), ends: [connected('old')] },
  ),
  ...inBothFamilies(
    {
      title: 'UDP, server removed',
      service,
      entry,
      changes: ['removed'],
      settings: settings(0, 1, 1),
    },
    {
      events: [removed(true, { cause: 'unavailable' })],
      packets: packets(1, 0, 0),
      ends: [timeout],
    },
  ),
  ...inBothFamilies(
    {
      title: 'UDP, server removed',
      service,
      entry,
      changes: ['removed'],
      settings: settings(0, 1, 1),
      late: { expireNodestConn: 1 },
      again: 'same port, twice',
    },
    {
      events: [removed(true, { cause: 'conntrack', expired: true })],
      packets: packets(2, 0, 1),
      ends: [timeout, connected('other')],
    },
  ),
  ...inBothFamilies(
    {
      title: 'UDP, server removed',
      service,
      entry,
      changes: ['removed'],
      settings: settings(0, 1, 0),
      late: { expireNodestConn: 1 },
    },
    {
      events: [removed(false, { verdict: 'rescheduled', expired: true, new_destination: 'other' })],
      packets: packets(1, 0, 1),
      ends: [connected('other')],
    },
  ),
  ...inBothFamilies(
    {
      title: 'UDP, server removed',
      service,
      entry,
      changes: ['removed'],
      settings: settings(1, 1, 1),
    },
    { events: [], packets: packets(1, 0, 1), ends: [connected('other')] },
  ),
  ...inBothFamilies(
    {
      title: 'UDP, none, all weights 0',
      service,
      entry: 'none',
      changes: ['all weights 0'],
      settings: settings(0, 1, 1),
    },
    {
      events: [
        {
          kind: 'unscheduled',
          verdict: 'rejected',
          cause: 'unscheduled',
          opening: false,
          conntrack: 'unconfirmed',
        },
      ],
      packets: packets(1, 0, 0),
      ends: [refused],
    },
  ),
  ...inBothFamilies(
    {
      title: 'UDP, one packet scheduling, weight 0',
      // The answers of masqueraded servers would find no entry to be translated by.
      service: { ...datagrams, forwarding: 'direct', options: '-o' },
      entry,
      changes: ['weight 0'],
      settings: settings(0, 1, 1),
    },
    { events: [], packets: packets(1, 0, 1), ends: [connected('other')] },
  ),
];
