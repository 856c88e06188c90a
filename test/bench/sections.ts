import { efficiency } from './efficiency/efficiency.js';
import { idle } from './idle/idle.js';
import { producers } from './producers/producers.js';
import { scrape } from './scrape/scrape.js';
import type { Section } from './section.js';
import { start } from './start/start.js';
import { throughput } from './throughput/throughput.js';

/** In the order in which they run. */
export const sections: readonly Section[] = [
  efficiency,
  throughput,
  producers,
  idle,
  scrape,
  start,
];
