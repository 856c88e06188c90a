import type { Spread } from '../statistics.js';
import type { ScrapeFigures } from './measure-scrape.js';

const whole = (figure: number): string => Math.round(figure).toLocaleString('en');

/** The figures as a table in Markdown, and what they mean. */
export function formatReport(figures: ScrapeFigures): string {
  const row = (name: string, { median, min, max }: Spread): string =>
    `| ${name} | ${median.toFixed(1)} | ${min.toFixed(1)}–${max.toFixed(1)} |`;
  return `${[
    '| scrape | CPU ms | min–max |',
    '| --- | ---: | ---: |',
    row('prom-client, a child of a counter kept for each series', figures.plain),
    row('ipvscope, every value changed since the last scrape', figures.ours),
    row('ipvscope, none changed', figures.unchanged),
    '',
    `${whole(figures.services)} services x ${figures.servers} servers: ${whole(figures.series)} series, the same text from both, ${whole(figures.textBytes)} bytes; ${figures.rounds} rounds.`,
    `G7: ${figures.ratio.median.toFixed(1)} times cheaper (${figures.ratio.min.toFixed(1)}–${figures.ratio.max.toFixed(1)}), in the same round.`,
    `Nothing else runs for ${figures.blocked.median.toFixed(1)} ms (at most ${figures.blocked.max.toFixed(1)}); the first scrape, which makes every label's text, takes ${figures.first.toFixed(0)} ms of CPU time, in slices: nothing else runs for ${figures.firstBlocked.toFixed(0)} ms at most.`,
    `A row takes ${whole(figures.bytesPerRow)} bytes with the text of its series; ${whole(figures.idleBytesPerRow)} of them are there from the start; prom-client takes ${whole(figures.plainBytesPerRow)} for a server.`,
  ].join('\n')}\n`;
}
