import type { ExpectedEvent } from './expectation.js';
import { cell, masqueraded, settings } from './make-cases.js';
import { chosenAnew, connected, draining, type Facts, fates, fresh, packets } from './outcomes.js';
import type { Cell, Service } from './test-case.js';

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
export const serviceCells: readonly Cell[] = [
  ...cell(
    {
      title: 'persistent: TIME_WAIT, weight 1',
      service: persistent,
      entry: 'closed',
      settings: settings(0, 1, 1),
    },
    // An entry that a template controls is not given up for a reused port.
    fates['same server'](timeWait),
  ),
  ...cell(
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
  ...cell(
    {
      title: 'persistent: weight 0, another port; expire_quiescent_template=1',
      service: persistent,
      entry: 'closed',
      changes: ['weight 0'],
      again: 'other port',
      settings: settings(0, 1, 1, { expire_quiescent_template: 1 }),
    },
    fates['new entry'](),
  ),
  ...cell(
    {
      title: 'by mark: TIME_WAIT, weight 1',
      service: byMark,
      entry: 'closed',
      settings: settings(0, 1, 1),
    },
    fates.rescheduled(timeWait),
  ),
  ...cell(
    {
      title: 'by mark: TIME_WAIT, weight 0',
      service: byMark,
      entry: 'closed',
      changes: ['weight 0'],
      settings: settings(0, 0, 1),
    },
    fates['same server']({ ...timeWait, weight: 0 }),
  ),
  ...cell(
    {
      title: 'client on the director: TIME_WAIT, weight 1',
      service: fromDirector,
      entry: 'closed',
      settings: settings(0, 1, 1),
    },
    { ...fates.rescheduled(timeWait), packets: packets(0, 0, 1) },
  ),
  ...cell(
    {
      title: 'client on the director: CLOSE, by the server',
      service: fromDirector,
      entry: 'reset by server',
      settings: settings(0, 1, 1),
    },
    {
      ...fates['one second']({ ...timeWait, state: 'CLOSE', conntrackState: 'CLOSE' }),
      packets: packets(0, 0, 1),
    },
  ),
  ...cell(
    {
      title: 'client on the director: TIME_WAIT, weight 0',
      service: fromDirector,
      entry: 'closed',
      changes: ['weight 0'],
      settings: settings(0, 0, 1),
    },
    {
      ...fates['same server']({ ...timeWait, weight: 0 }),
      packets: packets(0, 1, 0),
    },
  ),
  ...cell(
    {
      title: 'server on the director: TIME_WAIT, weight 1',
      service: onDirector,
      entry: 'closed',
      settings: settings(0, 0, 1),
    },
    { ...fates['same server'](timeWait), packets: packets(1, 0, 0) },
  ),
  // The service has no other.
  ...cell(
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
