/**
 * `npm run bench:kernel`: what the probe costs a packet, in instructions, counted by the lab. The
 * table goes to standard output, progress to standard error.
 */
import { writeFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { parseInteger } from '../../../src/cli/support/parse-values.js';
import { runInLab } from '../../../src/cli/support/run-in-lab.js';
import { writeError } from '../../../src/cli/support/standard-streams.js';
import { IpvscopeError } from '../../../src/error.js';
import { createLogger } from '../../../src/log.js';
import { compileEmptyPrograms, compileProgram } from '../compile.js';
import { type Attached, type Measurement, observers } from './measurement.js';
import { figures, formatSummary, summarize } from './report.js';

interface Options {
  readonly kernel: string;
  readonly rounds: number;
  readonly observers?: string;
  readonly json?: string;
}

const command = new Command('bench:kernel')
  .description('count the instructions that each observer adds to a packet, in the lab')
  .option('--kernel <version>', 'of the lab', '6.12')
  .option('--rounds <number>', 'of all observers', parseInteger(1, 1_000), 3)
  .option('--observers <names>', `which of ${Object.keys(observers)}; nobody is needed`)
  .option('--json <file>', 'write the goals that the figures answer there, too')
  .addHelpText(
    'after',
    '\nExamples:\n  npm run bench:kernel\n  npm run bench:kernel -- --rounds 5\n  npm run bench:kernel -- --observers nobody,fexit',
  )
  .action(async ({ kernel, rounds, observers: names, json }: Options) => {
    const programs = await Promise.all([
      compileProgram('packets'),
      compileProgram('attach'),
      compileEmptyPrograms(),
    ]);
    const guest = fileURLToPath(new URL('./guest.js', import.meta.url));
    const stdout = new PassThrough();
    const output = text(stdout);
    process.exitCode = await runInLab({
      log: createLogger({ format: 'plain', write: writeError }),
      command: [
        ...[process.execPath, guest, ...programs, String(rounds)],
        ...(names === undefined ? [] : [names]),
      ],
      kernel,
      exec: true,
      countInstructions: true,
      stdout,
    });
    stdout.end();
    if (process.exitCode !== 0) return;
    const lines = (await output).trim().split('\n');
    const summary = summarize(lines.map((line) => JSON.parse(line) as Measurement | Attached));
    if (json !== undefined) await writeFile(json, `${JSON.stringify(figures(summary), null, 2)}\n`);
    process.stdout.write(formatSummary(summary, kernel));
  });

try {
  await command.parseAsync();
} catch (error) {
  if (!(error instanceof IpvscopeError)) throw error;
  process.stderr.write(`${error.toLine()}\n`);
  process.exitCode = error.exitCode;
}
