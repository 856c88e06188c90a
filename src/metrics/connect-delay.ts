import { type RowFamily, serviceLabels } from './row-family.js';

/** Every retry's delay. */
export const connectDelay: RowFamily = {
  name: 'ipvs_connect_delay_seconds',
  help: 'What clients waited because opening packets were dropped, until one got through.',
  labels(row) {
    return row.kind === 'retry' ? [serviceLabels(row)] : undefined;
  },
};
