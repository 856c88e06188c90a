import type { RowFamily } from './row-family.js';

/** Why no server was chosen (causes in wire/names.ts). */
const reasons = ['no server', 'all weight 0', 'all overloaded', 'scheduler', 'conn limit'];

export const unscheduledPackets: RowFamily = {
  name: 'ipvs_unscheduled_packets_total',
  help: 'Packets that needed a real server and got none. no server, all weight 0: look at who fills the table; all overloaded: raise the thresholds (ipvsadm -x) or add servers; scheduler: it chose a server of weight 0 although others are free (sh, mh: add the fallback flag).',
  labels(row, service) {
    if (row.kind !== 'unscheduled') return undefined;
    return [service, { scheduler: row.scheduler ?? '', reason: row.reason ?? 'unknown' }];
  },
  serviceZeros: ({ scheduler }) => reasons.map((reason) => ({ scheduler, reason })),
};
