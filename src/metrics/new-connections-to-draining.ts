import type { SnapshotRow } from '../aggregate/snapshot.js';
import { type Family, serviceLabelNames, serviceLabels } from './family.js';

function cause(row: SnapshotRow): 'reuse' | 'template' | undefined {
  if (!row.draining || row.verdict !== 'forwarded') return undefined;
  if (row.kind === 'reuse') return 'reuse';
  return row.kind === 'stale' ? 'template' : undefined;
}

export const newConnectionsToDraining: Family = {
  type: 'counter',
  name: 'ipvs_new_connections_to_draining_total',
  help: 'New connections sent to a real server of weight 0. Alert on any increase.',
  labelNames: [...serviceLabelNames, 'remote_address', 'remote_port', 'cause'],
  *read(input) {
    for (const row of input.snapshot().rows) {
      const reason = cause(row);
      if (reason === undefined) continue;
      yield {
        labels: {
          ...serviceLabels(row),
          remote_address: row.destination?.address ?? '',
          remote_port: row.destination?.port ?? 0,
          cause: reason,
        },
        value: row.packets,
      };
    }
  },
};
