import { type Command, CommanderError } from 'commander';
import { ExitCode, IpvscopeError } from '../error.js';
import { buildProgram } from './build-program.js';
import { commandList } from './command-list.js';
import { globalOption, logOf } from './support/global-options.js';
import { standardError, standardOutput, writeError } from './support/standard-streams.js';

/** What a reader of standard error has to take the last lines; then they are dropped. */
const LAST_LINES_MS = 300;

/** Runs the command that this process was started with, and ends the process with its exit code. */
export async function runProgram(words: readonly string[] = process.argv.slice(2)): Promise<void> {
  // Both watch for errors from here on: nothing that goes to a closed pipe may end the process.
  standardOutput();
  standardError();
  let program: Command | undefined;
  process.on('uncaughtException', (cause) => {
    process.exitCode = report(cause, program);
    process.exit();
  });
  try {
    const named = new Set(words);
    const isNamed = (name: string): boolean => named.has(name);
    ({ command: program } = await buildProgram(isNamed, await versionText(words)));
    await program.parseAsync(words, { from: 'user' });
  } catch (cause) {
    process.exitCode = report(cause, program);
  }
  await finish(program);
}

/** Empty unless it is asked for: what it says of libbpf takes the addon. */
async function versionText(words: readonly string[]): Promise<string> {
  const names = new Set(commandList.map(({ name }) => name));
  const command = words.findIndex((word) => names.has(word));
  const ours = command < 0 ? words : words.slice(0, command);
  if (!ours.some((word) => word === '-V' || word === '--version')) return '';
  const { versionLines } = await import('./support/version-lines.js');
  return versionLines();
}

/** A reader that only takes its time is waited for, but not for what goes to standard error. */
async function finish(program: Command | undefined): Promise<void> {
  const [out, error] = [standardOutput(), standardError()];
  if (!out.abandoned) await out.flushed();
  if (out.trouble !== undefined && !out.abandoned) {
    const what = `cannot write to ${out.name}: ${out.trouble}`;
    process.exitCode = report(new IpvscopeError('ERR_OUTPUT', what), program);
  }
  await error.flushed(LAST_LINES_MS);
  // What it had to say was not said.
  if (error.trouble !== undefined) process.exitCode ||= ExitCode.trouble;
  if (out.abandoned || error.stream.writableLength > 0) process.exit();
}

/** Says what failed, in one line, and returns the exit code. */
function report(cause: unknown, program: Command | undefined): number {
  if (cause instanceof CommanderError) {
    return cause.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  }
  const error = IpvscopeError.from(cause);
  const verbose = program !== undefined && globalOption(program, 'verbose') === true;
  const format = program === undefined ? undefined : globalOption(program, 'log.format');
  if (program === undefined || format === undefined || format === 'plain') {
    writeError(`ipvscope: ${error.toLine()}\n`);
  } else {
    const { code, hint, message } = error;
    logOf(program).error(message, { code, ...(hint === undefined ? {} : { hint }) });
  }
  // Of a defect the place is wanted.
  if (verbose || error.code === 'ERR_INTERNAL')
    writeError(`${error.log ?? ''}${error.stack ?? ''}\n`);
  return error.exitCode;
}
