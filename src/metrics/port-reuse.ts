import { type RowFamily, serviceLabels } from './row-family.js';

export const portReuse: RowFamily = {
  name: 'ipvs_port_reuse_total',
  help: 'Packets opening a connection that matched an existing ip_vs entry.',
  labels(row) {
    if (row.kind !== 'reuse') return undefined;
    const { verdict, connState, draining } = row;
    return [serviceLabels(row), { verdict, conn_state: connState, draining: String(draining) }];
  },
};
