import type { RowFamily } from './row-family.js';
import { eitherDraining, noZeros } from './zero-labels.js';

export const undeterminedOpenings: RowFamily = {
  name: 'ipvs_undetermined_openings_total',
  help: 'Connection-opening packets that are either port reuse or a retransmission: the probe did not see the packet that made the entry. With draining="true" they may be new connections to a weight-0 server.',
  labels(row, service) {
    if (row.kind !== 'undetermined') return undefined;
    return [service, { draining: String(row.draining) }];
  },
  serviceZeros: ({ proto }) => (proto === 'UDP' ? noZeros : eitherDraining),
};
