import type { Scenario } from '../scenario/scenario.js';
import { field } from './field/field.js';
import { table } from './matrix/matrix.js';

/** The conformance suites: played as scenarios are, with many cases each. */
export const suites: readonly Scenario[] = [table, field];
