import { type Family, serviceLabelNames, serviceLabels } from './family.js';

export const portReuse: Family = {
  type: 'counter',
  name: 'ipvs_port_reuse_total',
  help: 'Packets opening a connection that matched an existing ip_vs entry.',
  labelNames: [...serviceLabelNames, 'verdict', 'conn_state', 'draining'],
  *read(input) {
    for (const row of input.snapshot().rows) {
      if (row.kind !== 'reuse') continue;
      yield {
        labels: {
          ...serviceLabels(row),
          verdict: row.verdict,
          conn_state: row.connState,
          draining: String(row.draining),
        },
        value: row.packets,
      };
    }
  },
};
