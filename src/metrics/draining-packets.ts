import {
  type Family,
  serverLabelNames,
  serverLabels,
  serviceLabelNames,
  serviceLabels,
} from './family.js';

export const drainingPackets: Family = {
  type: 'counter',
  name: 'ipvs_draining_packets_total',
  help: 'Packets of established connections to servers of weight 0: normal while they drain.',
  labelNames: [...serviceLabelNames, ...serverLabelNames],
  *read(input) {
    for (const row of input.snapshot().rows) {
      if (row.kind !== 'draining' || row.verdict !== 'forwarded') continue;
      yield {
        labels: { ...serviceLabels(row), ...serverLabels(row.destination) },
        value: row.packets,
      };
    }
  },
};
