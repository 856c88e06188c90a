import { CONNTRACK_FIX } from '../record/cause.js';
import type { RowFamily } from './row-family.js';

export const missingFixDrops: RowFamily = {
  name: 'ipvscope_missing_fix_drops_total',
  help: `Packets that ip_vs dropped although their conntrack entry was unconfirmed: this kernel lacks commit ${CONNTRACK_FIX}. Update the kernel.`,
  fromStart: [],
  labels(row) {
    return row.missingFix ? [] : undefined;
  },
};
