import { efficiency } from './efficiency/efficiency.js';
import { producers } from './producers/producers.js';
import type { Section } from './section.js';
import { throughput } from './throughput/throughput.js';

/** In the order in which they run. */
export const sections: readonly Section[] = [efficiency, throughput, producers];
