/** `npm run bench`: tables go to standard output, progress to standard error. */
import { writeFile } from 'node:fs/promises';
import { availableParallelism, release } from 'node:os';
import { Stop } from '../../src/cli/support/stop.js';
import { IpvscopeError } from '../../src/error.js';
import { compilePrograms } from './compile.js';
import { formatGoals } from './goals.js';
import { type Options, parseOptions, USAGE } from './options.js';
import { showProgress } from './progress.js';
import type { Context, Findings } from './section.js';

/** What a shell says of a program that SIGINT ended. */
const INTERRUPTED = 130;

async function run(options: Options, signal: AbortSignal): Promise<void> {
  const onProgress = showProgress(process.stderr);
  onProgress('compiling the peers in C');
  const { quick, rounds } = options;
  const programs = await compilePrograms();
  const context: Context = { quick, rounds, programs, signal, onProgress };
  const findings: Findings[] = [];
  for (const section of options.sections) {
    const found = await section.run(context);
    findings.push(found);
    process.stdout.write(`${section.name}: ${section.title}\n\n${found.text}\n`);
  }
  if (options.json !== undefined) {
    const machine = {
      kernel: release(),
      node: process.version,
      cpus: availableParallelism(),
      quick: Number(quick),
    };
    await writeFile(options.json, formatGoals(findings, machine));
  }
}

async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(args);
  if (options.help) {
    process.stdout.write(USAGE);
    return;
  }
  const stop = new Stop();
  try {
    await run(options, stop.signal);
  } catch (error) {
    // Whatever failed after Ctrl-C failed because its peers were ended.
    if (!stop.signal.aborted) throw error;
    process.stderr.write('bench: interrupted\n');
    process.exitCode = INTERRUPTED;
  } finally {
    stop.release();
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof IpvscopeError)) throw error;
  process.stderr.write(`${error.toLine()}\n`);
  process.exitCode = error.exitCode;
}
