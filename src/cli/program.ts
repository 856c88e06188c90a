import { Command, CommanderError } from 'commander';
import { ExitCode, IpvscopeError } from '../error.js';
import { version } from '../version.js';
import { btfCommand } from './commands/btf.js';
import { labCommand } from './commands/lab.js';
import { reproduceCommand } from './commands/reproduce.js';
import { serveCommand } from './commands/serve.js';
import { traceCommand } from './commands/trace.js';
import { addVerboseOption } from './support/command-options.js';
import { note, standardError, standardOutput } from './support/standard-streams.js';

/** What a reader of standard error has to take the last lines; then they are left. */
const LAST_LINES_MS = 300;

const program = addVerboseOption(new Command('ipvscope'))
  .description('Shows what ip_vs does with a reused port, from inside the kernel.')
  .version(version)
  .enablePositionalOptions()
  .configureOutput({
    writeOut: (text) => standardOutput().write(text),
    writeErr: (text) => standardError().write(text),
  })
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

const commands = [program, ...program.commands, ...labCommand.commands];
for (const command of commands) {
  command.exitOverride();
  if (command !== program) addVerboseOption(command);
}

/** Runs the command that this process was started with, and ends the process with its exit code. */
export async function runProgram(): Promise<void> {
  // Both watch for errors from here on: nothing that goes to a closed pipe may end the process.
  standardOutput();
  standardError();
  process.on('uncaughtException', (cause) => {
    process.exitCode = report(cause);
    process.exit();
  });
  try {
    await program.parseAsync();
  } catch (cause) {
    process.exitCode = report(cause);
  }
  await finish();
}

/** A reader that only takes its time is waited for, but not for what goes to standard error. */
async function finish(): Promise<void> {
  const [out, error] = [standardOutput(), standardError()];
  if (!out.abandoned) await out.flushed();
  if (out.trouble !== undefined && !out.abandoned) {
    const what = `cannot write to ${out.name}: ${out.trouble}`;
    process.exitCode = report(new IpvscopeError('ERR_OUTPUT', what));
  }
  await error.flushed(LAST_LINES_MS);
  // What it had to say was not said.
  if (error.trouble !== undefined) process.exitCode ||= ExitCode.trouble;
  if (out.abandoned || error.stream.writableLength > 0) process.exit();
}

/** Says what went wrong, in one line, and returns the exit code. */
function report(cause: unknown): number {
  if (cause instanceof CommanderError) {
    return cause.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  }
  const verbose = commands.some((command) => command.opts<{ verbose?: true }>().verbose === true);
  if (cause instanceof IpvscopeError) {
    note(`ipvscope: ${cause.toLine()}`);
    if (verbose) note(`${cause.log ?? ''}${cause.stack ?? ''}`);
    return cause.exitCode;
  }
  // What the system refused is one line as well; anything else is a defect, and its place is wanted.
  const system = cause instanceof Error && 'syscall' in cause && !verbose;
  const text = cause instanceof Error ? (system ? cause.message : cause.stack) : String(cause);
  note(`ipvscope: ${system ? 'ERR_SYSTEM: ' : ''}${text}`);
  return ExitCode.trouble;
}
