import type { RowFamily } from './row-family.js';
import { eitherDraining, noZeros } from './zero-labels.js';

export const openingRetransmits: RowFamily = {
  name: 'ipvs_opening_retransmits_total',
  help: 'Packets opening a connection that were sent again to a real server that has not answered: look at that server, not at ip_vs.',
  labels(row, service) {
    if (row.kind !== 'retransmit') return undefined;
    return [service, { draining: String(row.draining) }];
  },
  serviceZeros: ({ proto }) => (proto === 'UDP' ? noZeros : eitherDraining),
};
