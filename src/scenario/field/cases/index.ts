import type { FieldCase } from '../case.js';
import { orphanCases } from './orphans.js';
import { schedulingCases } from './scheduling.js';
import { unsentCases } from './unsent.js';

/** Every case, in the order of the table. Those that leave most behind come last. */
export const fieldCases: readonly FieldCase[] = [
  ...schedulingCases,
  ...orphanCases,
  ...unsentCases,
];
