import type { DropCause } from '../wire/event.js';
import type { RowFamily } from './row-family.js';

const causes: Readonly<Record<DropCause, true>> = {
  conntrack: true,
  unavailable: true,
  unscheduled: true,
  overload: true,
  transmit: true,
};

/** Every cause, in the order of the documentation. */
export const dropCauses = Object.keys(causes) as DropCause[];

export const droppedPackets: RowFamily = {
  name: 'ipvs_dropped_packets_total',
  help: 'Packets that ip_vs dropped, by cause: with opening="true" a client waits for its connection.',
  labels(row, service) {
    if (row.cause === undefined) return undefined;
    return [service, { cause: row.cause, opening: String(row.opening) }];
  },
  serviceZeros: () => dropCauses.map((cause) => ({ cause, opening: 'true' })),
};
