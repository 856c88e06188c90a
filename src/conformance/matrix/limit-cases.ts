import type { ExpectedEvent } from './expectation.js';
import { datagrams, inBothFamilies, settings } from './make-cases.js';
import { met, packets, timeout } from './outcomes.js';
import type { TestCase } from './test-case.js';

const everyPacket = { others: { am_droprate: 1, drop_packet: 3 } } as const;

const overloaded = (opening: boolean): ExpectedEvent => ({
  kind: 'overload',
  verdict: 'dropped',
  cause: 'overload',
  opening,
  conntrack: 'unconfirmed',
});

/** What ip_vs drops because there is too much: drop_packet, conn_max. */
export const limitCases: readonly TestCase[] = [
  ...inBothFamilies(
    {
      title: 'TIME_WAIT, weight 1; drop_packet=3, am_droprate=1',
      settings: settings(0, 1, 1),
      late: everyPacket,
      entry: 'closed',
    },
    {
      events: [
        met(
          { state: 'TIME_WAIT', weight: 1, conntrack: true },
          { kind: 'overload', verdict: 'dropped', cause: 'overload', expired: true },
        ),
        overloaded(true),
      ],
      packets: packets(2, 0, 0),
      ends: [timeout],
    },
  ),
  ...inBothFamilies(
    {
      title: 'none; drop_packet=3, am_droprate=1',
      settings: settings(0, 1, 1),
      late: everyPacket,
      entry: 'none',
    },
    {
      events: [overloaded(true), overloaded(true)],
      packets: packets(2, 0, 0),
      ends: [timeout],
    },
  ),
  ...inBothFamilies(
    {
      title: 'UDP, none; drop_packet=3, am_droprate=1',
      settings: settings(0, 1, 1),
      late: everyPacket,
      service: datagrams,
      entry: 'none',
    },
    { events: [overloaded(false)], packets: packets(1, 0, 0), ends: [timeout] },
  ),
  ...inBothFamilies(
    {
      title: 'none; conn_max=0',
      settings: settings(0, 1, 1),
      late: { others: { conn_max: 0 } },
      entry: 'none',
      needs: {
        file: '/proc/sys/net/ipv4/vs/conn_max',
        reason: 'this kernel has no limit of entries (net.ipv4.vs.conn_max)',
      },
    },
    {
      events: Array<ExpectedEvent>(2).fill({
        kind: 'unscheduled',
        verdict: 'dropped',
        cause: 'unscheduled',
        opening: true,
        conntrack: 'unconfirmed',
      }),
      packets: packets(2, 0, 0),
      ends: [timeout],
    },
  ),
];
