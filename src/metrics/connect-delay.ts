import type { RowFamily } from './row-family.js';

/** Every retry's delay. */
export const connectDelay: RowFamily = {
  name: 'ipvs_connect_delay_seconds',
  help: 'What clients waited because opening packets were dropped, until one got through.',
  labels(row, service) {
    return row.kind === 'retry' ? [service] : undefined;
  },
  serviceZeros: () => [{}],
};
