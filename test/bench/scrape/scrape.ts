import type { Context, Findings, Section } from '../section.js';
import { measureScrape } from './measure-scrape.js';
import { formatReport } from './report.js';

const ROUNDS = 40;

/** What Prometheus' asking costs the node (G7), and what a series takes. */
export const scrape: Section = {
  name: 'scrape',
  title: 'CPU time of a scrape, 5,000 virtual services x 10 real servers',
  async run({ quick, signal, onProgress }: Context): Promise<Findings> {
    const size = { services: quick ? 500 : 5_000, servers: 10 };
    const figures = await measureScrape({
      ...size,
      rounds: quick ? 2 : ROUNDS,
      signal,
      onProgress,
    });
    return {
      text: formatReport(figures),
      goals: { G7: figures.ratio.median },
      others: {
        'scrape, ms': figures.ours.median,
        'bytes a row': figures.bytesPerRow,
      },
    };
  },
};
