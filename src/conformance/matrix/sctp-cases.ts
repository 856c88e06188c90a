import { inBothFamilies, settings } from './make-cases.js';
import { chosenAnew, connected, dropped, type Facts, gotThrough, packets } from './outcomes.js';
import type { TestCase } from './test-case.js';

const wanted = {
  title: 'SCTP: CLOSED, weight 1',
  service: { protocol: 'SCTP', forwarding: 'masquerade' },
  entry: 'closed',
  needs: { file: '/proc/net/sctp', reason: 'the module sctp is not loaded' },
} as const;

/** conntrack keeps its entry of an association that is over. */
const closed: Facts = {
  state: 'CLOSED',
  weight: 1,
  conntrack: true,
  conntrackState: 'CLOSED',
};

/** The copy is an INIT: conntrack's entry of it begins there. */
const through = { ...gotThrough(closed), conntrack_state: 'COOKIE_WAIT' };

export const sctpCases: readonly TestCase[] = [
  ...[1, 2].flatMap((mode) =>
    inBothFamilies(
      { ...wanted, settings: settings(0, mode, 1) },
      {
        events: [dropped(closed), through],
        packets: packets(2, 0, 1),
        ends: [connected('other', 'three seconds')],
      },
    ),
  ),
  ...inBothFamilies(
    { ...wanted, settings: settings(0, 1, 0) },
    {
      events: [chosenAnew({ ...closed, conntrack: false })],
      packets: packets(1, 0, 1),
      ends: [connected('other')],
    },
  ),
];
