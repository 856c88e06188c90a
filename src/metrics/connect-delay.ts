import type { SnapshotRow } from '../aggregate/snapshot.js';
import { dropCauses } from './dropped-packets.js';
import { isSent, type RowFamily } from './row-family.js';
import { noZeros, zeroLabels } from './zero-labels.js';

/** Why the client waited; undefined where the row's packets are not the ones that got through. */
function cause(row: SnapshotRow): string | undefined {
  if (row.kind === 'retry') return row.cause ?? 'unknown';
  return isSent(row) && row.cause === 'unanswered' ? row.cause : undefined;
}

const zeros = zeroLabels([...dropCauses, 'unanswered'].map((its) => ({ cause: its })));

/** What clients waited, of each copy of an opening packet that came after an earlier one. */
export const connectDelay: RowFamily = {
  name: 'ipvs_connect_delay_seconds',
  help: 'Client-observed wait until a copy of the connection-opening packet was sent to a real server, by what became of the copy before: dropped for a cause of ipvs_dropped_packets_total, or unanswered. unanswered: check the real server; any other: see that metric.',
  labels(row, service) {
    const reason = cause(row);
    return reason === undefined ? undefined : [service, { cause: reason }];
  },
  serviceZeros: ({ proto }) => (proto === 'UDP' ? noZeros : zeros),
};
