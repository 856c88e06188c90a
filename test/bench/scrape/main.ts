/** What a scrape costs: the table goes to standard output, progress to standard error. */
import { writeFile } from 'node:fs/promises';
import { IpvscopeError } from '../../../src/error.js';
import { showProgress } from '../progress.js';
import { measureScrape } from './measure-scrape.js';
import { parseOptions, USAGE } from './options.js';
import { formatJson, formatReport } from './report.js';

async function main(args: readonly string[]): Promise<void> {
  const { help, json, rounds } = parseOptions(args);
  if (help) {
    process.stdout.write(USAGE);
    return;
  }
  const onProgress = showProgress(process.stderr);
  const figures = await measureScrape({ services: 5000, servers: 10, rounds, onProgress });
  if (json !== undefined) await writeFile(json, formatJson(figures));
  process.stdout.write(formatReport(figures));
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof IpvscopeError)) throw error;
  process.stderr.write(`${error.toLine()}\n`);
  process.exitCode = error.exitCode;
}
