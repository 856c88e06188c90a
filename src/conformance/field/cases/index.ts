import type { FieldCase } from '../field-case.js';
import { directorCases } from './directors.js';
import { floodCases } from './floods.js';
import { ftpCases } from './ftp.js';
import { orphanCases } from './orphans.js';
import { portCases } from './ports.js';
import { refusedCases } from './refused.js';
import { schedulingCases } from './scheduling.js';
import { stayCases } from './stays.js';
import { unsentCases } from './unsent.js';
import { waitCases } from './waits.js';

/** Every case, in the order of the table. Those that leave most behind come last. */
export const fieldCases: readonly FieldCase[] = [
  ...schedulingCases,
  ...orphanCases,
  ...unsentCases,
  ...refusedCases,
  ...waitCases,
  ...portCases,
  ...directorCases,
  ...ftpCases,
  ...stayCases,
  ...floodCases,
];
