#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { ExitCode, IpvscopeError } from '../error.js';
import { version } from '../version.js';
import { btfCommand } from './btf.js';
import { labCommand } from './lab.js';
import { reproduceCommand } from './reproduce.js';
import { serveCommand } from './serve.js';
import { traceCommand } from './trace.js';

const program = new Command('ipvscope')
  .description('Shows what ip_vs does with a reused port, from inside the kernel.')
  .version(version)
  .option('--verbose', "with an error, print the kernel's log lines and the stack, too")
  .enablePositionalOptions()
  .showHelpAfterError('(ipvscope --help, or ipvscope COMMAND --help)')
  .addHelpText(
    'after',
    `
Exit codes: 0 fine; 1 it ran and found trouble; 2 wrong usage; 3 something is missing (named in one
line, with the way to get it).`,
  );

for (const command of [serveCommand, traceCommand, reproduceCommand, labCommand, btfCommand]) {
  program.addCommand(command.copyInheritedSettings(program));
  for (const inner of command.commands) inner.copyInheritedSettings(program);
}

for (const command of [program, ...program.commands, ...labCommand.commands]) {
  command.exitOverride();
}

try {
  await program.parseAsync();
} catch (cause) {
  process.exitCode = report(cause);
}

/** Says what went wrong, in one line, and returns the exit code. */
function report(cause: unknown): number {
  if (cause instanceof CommanderError) {
    return cause.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  }
  const verbose = program.opts<{ verbose?: true }>().verbose === true;
  if (!(cause instanceof IpvscopeError)) {
    process.stderr.write(`ipvscope: ${cause instanceof Error ? cause.stack : String(cause)}\n`);
    return ExitCode.trouble;
  }
  process.stderr.write(`ipvscope: ${cause.toLine()}\n`);
  if (verbose) {
    process.stderr.write(`${cause.log ?? ''}${cause.stack ?? ''}\n`);
  }
  return cause.exitCode;
}
