/** `npm run bench`: the table goes to standard output, progress to standard error. */
import { writeFile } from 'node:fs/promises';
import { IpvscopeError } from '../../src/error.js';
import { compileProgram } from './compile.js';
import { parseOptions, USAGE } from './options.js';
import { showProgress } from './progress.js';
import { formatJson, formatReport } from './report.js';
import { makeRows } from './rows.js';
import { run } from './run.js';

async function main(args: readonly string[]): Promise<void> {
  const { help, json, ...options } = parseOptions(args);
  if (help) {
    process.stdout.write(USAGE);
    return;
  }
  const plan = { ...options, onProgress: showProgress(process.stderr) };
  plan.onProgress('compiling the C consumer');
  const outcome = await run(makeRows(await compileProgram('consumer')), plan);
  if (json !== undefined) await writeFile(json, formatJson(outcome, plan));
  process.stdout.write(formatReport(outcome, plan));
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof IpvscopeError)) throw error;
  process.stderr.write(`${error.toLine()}\n`);
  process.exitCode = error.exitCode;
}
