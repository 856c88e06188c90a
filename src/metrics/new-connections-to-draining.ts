import type { SnapshotRow } from '../aggregate/snapshot.js';
import { type RowFamily, serverLabels } from './row-family.js';
import { zeroLabels } from './zero-labels.js';

/** How a new connection came to a server of weight 0: that of the entry, or of a template. */
function cause(row: SnapshotRow): 'reuse' | 'template' | undefined {
  if (row.verdict === 'rescheduled' && row.newDraining) return 'template';
  if (!row.draining || row.verdict !== 'forwarded') return undefined;
  if (row.kind === 'reuse') return 'reuse';
  return row.kind === 'stale' ? 'template' : undefined;
}

const reuse = zeroLabels([{ cause: 'reuse' }]);
const both = zeroLabels([{ cause: 'reuse' }, { cause: 'template' }]);

export const newConnectionsToDraining: RowFamily = {
  name: 'ipvs_new_connections_to_draining_total',
  help: 'New connections sent to a real server of weight 0. Alert on any increase: with cause reuse set net.ipv4.vs.conn_reuse_mode=1, with cause template set net.ipv4.vs.expire_quiescent_template=1.',
  labels(row, service) {
    const reason = cause(row);
    if (reason === undefined) return undefined;
    return [service, serverLabels(row.destination), { cause: reason }];
  },
  // Of every server, not of those of weight 0 alone: in a rollout the first of these packets comes
  // milliseconds after the weight is 0, which is before the next scrape.
  serverZeros: ({ persistent }, { weight }) => (persistent || weight === 0 ? both : reuse),
};
