import { type RowFamily, serviceLabels } from './row-family.js';

export const openingRetransmits: RowFamily = {
  name: 'ipvs_opening_retransmits_total',
  help: 'Packets opening a connection that were sent again to a real server that has not answered.',
  labels(row) {
    if (row.kind !== 'retransmit') return undefined;
    return [serviceLabels(row), { draining: String(row.draining) }];
  },
};
