import type { ExpectedEvent } from './expectation.js';
import { inBothFamilies, masqueraded, settings } from './make-cases.js';
import {
  chosenAnew,
  connected,
  draining,
  type Facts,
  fresh,
  outcomes,
  packets,
} from './outcomes.js';
import type { Service, TestCase } from './test-case.js';

const timeWait: Facts = { state: 'TIME_WAIT', weight: 1, conntrack: true };

const persistent: Service = { ...masqueraded, options: '-p 300' };
const byMark: Service = { ...masqueraded, byMark: true };
const fromDirector: Service = { ...masqueraded, localClient: true };
const onDirector: Service = { ...masqueraded, forwarding: 'local' };

/** A new entry, because a template names the server. */
const stale: ExpectedEvent = {
  kind: 'stale',
  verdict: 'forwarded',
  opening: true,
  destination: 'old',
  weight: 0,
  available: true,
  ...fresh,
};

/** Services and hosts of other kinds: persistent, by mark, on the director itself. */
export const serviceCases: readonly TestCase[] = [
  ...inBothFamilies(
    {
      title: 'persistent: TIME_WAIT, weight 1',
      service: persistent,
      entry: 'closed',
      settings: settings(0, 1, 1),
    },
    // An entry that a template controls is not expired for a reused port.
    outcomes['same server'](timeWait),
  ),
  ...inBothFamilies(
    {
      title: 'persistent: weight 0, another port',
      service: persistent,
      entry: 'closed',
      changes: ['weight 0'],
      again: 'other port',
      settings: settings(0, 1, 1),
    },
    { events: [stale, draining], packets: packets(1, 1, 0), ends: [connected('old')] },
  ),
  ...inBothFamilies(
    {
      title: 'persistent: weight 0, another port; expire_quiescent_template=1',
      service: persistent,
      entry: 'closed',
      changes: ['weight 0'],
      again: 'other port',
      settings: settings(0, 1, 1, { expire_quiescent_template: 1 }),
    },
    outcomes['new entry'](),
  ),
  ...inBothFamilies(
    {
      title: 'by mark: TIME_WAIT, weight 1',
      service: byMark,
      entry: 'closed',
      settings: settings(0, 1, 1),
    },
    outcomes.rescheduled(timeWait),
  ),
  ...inBothFamilies(
    {
      title: 'by mark: TIME_WAIT, weight 0',
      service: byMark,
      entry: 'closed',
      changes: ['weight 0'],
      settings: settings(0, 0, 1),
    },
    outcomes['same server']({ ...timeWait, weight: 0 }),
  ),
  ...inBothFamilies(
    {
      title: 'client on the director: TIME_WAIT, weight 1',
      service: fromDirector,
      entry: 'closed',
      settings: settings(0, 1, 1),
    },
    { ...outcomes.rescheduled(timeWait), packets: packets(0, 0, 1) },
  ),
  ...inBothFamilies(
    {
      title: 'client on the director: CLOSE, by the server',
      service: fromDirector,
      entry: 'reset by server',
      settings: settings(0, 1, 1),
    },
    {
      ...outcomes['one second']({ ...timeWait, state: 'CLOSE', conntrackState: 'CLOSE' }),
      packets: packets(0, 0, 1),
    },
  ),
  ...inBothFamilies(
    {
      title: 'client on the director: TIME_WAIT, weight 0',
      service: fromDirector,
      entry: 'closed',
      changes: ['weight 0'],
      settings: settings(0, 0, 1),
    },
    {
      ...outcomes['same server']({ ...timeWait, weight: 0 }),
      packets: packets(0, 1, 0),
    },
  ),
  ...inBothFamilies(
    {
      title: 'server on the director: TIME_WAIT, weight 1',
      service: onDirector,
      entry: 'closed',
      settings: settings(0, 0, 1),
    },
    { ...outcomes['same server'](timeWait), packets: packets(1, 0, 0) },
  ),
  // The service has no other.
  ...inBothFamilies(
    {
      title: 'server on the director: TIME_WAIT, weight 1',
      service: onDirector,
      entry: 'closed',
      settings: settings(0, 1, 1),
    },
    {
      events: [chosenAnew(timeWait, 'old')],
      packets: packets(1, 0, 0),
      ends: [connected('old')],
    },
  ),
];
