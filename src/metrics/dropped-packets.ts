import type { DropCause } from '../record/cause.js';
import { isRefused, type RowFamily } from './row-family.js';
import { zeroLabels } from './zero-labels.js';

const causes: Readonly<Record<DropCause, true>> = {
  conntrack: true,
  unavailable: true,
  unscheduled: true,
  overload: true,
  transmit: true,
  node: true,
};

/** Every cause. */
export const dropCauses = Object.keys(causes) as readonly DropCause[];

const zeros = zeroLabels(dropCauses.map((cause) => ({ cause, opening: 'true' })));

export const droppedPackets: RowFamily = {
  name: 'ipvs_dropped_packets_total',
  help: 'Packets that were dropped, by cause; with opening="true" a client waits for its connection. conntrack: reused source ports, see docs/metrics.md; unavailable: set net.ipv4.vs.expire_nodest_conn=1; unscheduled: see ipvs_unscheduled_packets_total; overload: the SYN-flood defence is active (net.ipv4.vs.drop_packet); transmit, node: see ipvs_unsent_packets_total.',
  labels(row, service) {
    if (!isRefused(row) || row.cause === undefined) return undefined;
    return [service, { cause: row.cause, opening: String(row.opening) }];
  },
  serviceZeros: () => zeros,
};
