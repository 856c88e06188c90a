import { type Family, serviceLabelNames, serviceLabels } from './family.js';

export const openingRetransmits: Family = {
  type: 'counter',
  name: 'ipvs_opening_retransmits_total',
  help: 'Packets opening a connection that were sent again to a real server that has not answered.',
  labelNames: [...serviceLabelNames, 'draining'],
  *read(input) {
    for (const row of input.snapshot().rows) {
      if (row.kind !== 'retransmit') continue;
      yield {
        labels: { ...serviceLabels(row), draining: String(row.draining) },
        value: row.packets,
      };
    }
  },
};
