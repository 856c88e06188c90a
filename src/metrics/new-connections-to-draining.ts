import type { SnapshotRow } from '../aggregate/snapshot.js';
import { type RowFamily, serverLabels, serviceLabels } from './row-family.js';

/** How a new connection came to a server of weight 0: that of the entry, or of a template. */
function cause(row: SnapshotRow): 'reuse' | 'template' | undefined {
  if (row.verdict === 'rescheduled' && row.newDraining) return 'template';
  if (!row.draining || row.verdict !== 'forwarded') return undefined;
  if (row.kind === 'reuse') return 'reuse';
  return row.kind === 'stale' ? 'template' : undefined;
}

export const newConnectionsToDraining: RowFamily = {
  name: 'ipvs_new_connections_to_draining_total',
  help: 'New connections sent to a real server of weight 0. Alert on any increase.',
  labels(row) {
    const reason = cause(row);
    if (reason === undefined) return undefined;
    return [serviceLabels(row), serverLabels(row.destination), { cause: reason }];
  },
};
