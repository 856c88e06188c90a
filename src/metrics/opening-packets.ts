import type { SnapshotRow } from '../aggregate/snapshot.js';
import type { RowFamily } from './row-family.js';
import { justOne } from './zero-labels.js';

/**
 * Kinds of which a packet with the opening flag has this one record and no other. A retry stands
 * beside the packet's own; an unsent packet was counted as `new` or has another kind.
 */
const kinds: ReadonlySet<SnapshotRow['kind']> = new Set([
  'reuse',
  'retransmit',
  'undetermined',
  'unavailable',
  'unscheduled',
  'stale',
  'overload',
]);

export const openingPackets: RowFamily = {
  name: 'ipvs_opening_packets_total',
  help: 'Connection-opening packets that ip_vs looked up. While it does not grow, IPVS saw no new connection to this service: look elsewhere for the delay.',
  labels(row, service) {
    const isOpening = row.kind === 'new' || (row.opening && kinds.has(row.kind));
    return isOpening ? [service] : undefined;
  },
  serviceZeros: () => justOne,
};
