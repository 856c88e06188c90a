import { type RowFamily, serverLabels, serviceLabels } from './row-family.js';

export const drainingPackets: RowFamily = {
  name: 'ipvs_draining_packets_total',
  help: 'Packets of established connections to servers of weight 0: normal while they drain.',
  labels(row) {
    if (row.kind !== 'draining' || row.verdict !== 'forwarded') return undefined;
    return [serviceLabels(row), serverLabels(row.destination)];
  },
};
