import type { RowFamily } from './row-family.js';
import { justOne, noZeros } from './zero-labels.js';

export const orphanPackets: RowFamily = {
  name: 'ipvs_orphan_packets_total',
  help: 'Packets without a connection entry, answered with a reset: the entry timed out (compare ipvsadm -L --timeout with the keepalive of the clients) or was never synchronised to this director.',
  labels(row, service) {
    return row.kind === 'orphan' ? [service] : undefined;
  },
  serviceZeros: ({ proto }) => (proto === 'UDP' ? noZeros : justOne),
};
