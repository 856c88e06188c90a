import type { RowFamily } from './row-family.js';
import type { LabelPart } from './text.js';
import { zeroLabels } from './zero-labels.js';

/** Why no server was chosen (causes in record/names.ts). */
const reasons = ['no server', 'all weight 0', 'all overloaded', 'scheduler', 'conn limit'];

/** By scheduler: the kernel has a dozen. */
const zeros = new Map<string, readonly LabelPart[]>();

export const unscheduledPackets: RowFamily = {
  name: 'ipvs_unscheduled_packets_total',
  help: 'Packets for which no real server could be chosen. no server, all weight 0: check what configures the table; all overloaded: raise the thresholds (ipvsadm -x) or add servers; scheduler: it chose a weight-0 server although others are available (sh, mh: add the fallback flag).',
  labels(row, service) {
    if (row.kind !== 'unscheduled') return undefined;
    return [service, { scheduler: row.scheduler ?? '', reason: row.reason ?? 'unknown' }];
  },
  serviceZeros({ scheduler }) {
    let its = zeros.get(scheduler);
    if (its === undefined) {
      its = zeroLabels(reasons.map((reason) => ({ scheduler, reason })));
      zeros.set(scheduler, its);
    }
    return its;
  },
};
