import { type RowFamily, serviceLabels } from './row-family.js';

export const droppedPackets: RowFamily = {
  name: 'ipvs_dropped_packets_total',
  help: 'Packets that ip_vs dropped, by cause.',
  labels(row) {
    if (row.verdict !== 'dropped' && row.verdict !== 'rejected') return undefined;
    if (row.cause === undefined) return undefined;
    return [serviceLabels(row), { cause: row.cause, opening: String(row.opening) }];
  },
};
