import { efficiency } from './efficiency/efficiency.js';
import type { Section } from './section.js';
import { throughput } from './throughput/throughput.js';

/** In the order in which they run. */
export const sections: readonly Section[] = [efficiency, throughput];
