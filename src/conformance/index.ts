import type { Scenario } from '../scenario/scenario.js';
import { field } from './field/field.js';
import { matrix } from './matrix/matrix.js';

/** The conformance suites: played as scenarios are, with many cases each. */
export const suites: readonly Scenario[] = [matrix, field];
