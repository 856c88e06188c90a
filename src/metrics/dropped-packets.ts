import { type Family, serviceLabelNames, serviceLabels } from './family.js';

export const droppedPackets: Family = {
  type: 'counter',
  name: 'ipvs_dropped_packets_total',
  help: 'Packets that ip_vs dropped, by cause.',
  labelNames: [...serviceLabelNames, 'cause', 'opening'],
  *read(input) {
    for (const row of input.snapshot().rows) {
      if (row.cause === undefined) continue;
      yield {
        labels: { ...serviceLabels(row), cause: row.cause, opening: String(row.opening) },
        value: row.packets,
      };
    }
  },
};
