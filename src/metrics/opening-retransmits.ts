import type { RowFamily } from './row-family.js';
import { eitherDraining, noZeros } from './zero-labels.js';

export const openingRetransmits: RowFamily = {
  name: 'ipvs_opening_retransmits_total',
  help: 'Connection-opening packets retransmitted to a real server that has not answered: check that server, not ip_vs.',
  labels(row, service) {
    if (row.kind !== 'retransmit') return undefined;
    return [service, { draining: String(row.draining) }];
  },
  serviceZeros: ({ proto }) => (proto === 'UDP' ? noZeros : eitherDraining),
};
