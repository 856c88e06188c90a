import type { RowFamily } from './row-family.js';
import { eitherDraining, noZeros } from './zero-labels.js';

export const undeterminedOpenings: RowFamily = {
  name: 'ipvs_undetermined_openings_total',
  help: 'Packets opening a connection that are either a reused port or a retransmission: the probe has not seen the packet that made the entry. With draining="true" they may be new connections to a weight-0 server.',
  labels(row, service) {
    if (row.kind !== 'undetermined') return undefined;
    return [service, { draining: String(row.draining) }];
  },
  serviceZeros: ({ proto }) => (proto === 'UDP' ? noZeros : eitherDraining),
};
