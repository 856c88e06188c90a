import { isatty } from 'node:tty';
import { type Command, Option } from 'commander';
import {
  createLogger,
  type LogFormat,
  type Logger,
  type LogLevel,
  logFormats,
  logLevels,
} from '../../log.js';
import { writeError } from './standard-streams.js';

interface GlobalOptions {
  readonly verbose: true;
  readonly 'log.level': LogLevel;
  readonly 'log.format': LogFormat;
}

/** Adds what every command takes, before its name or after it. */
export function addGlobalOptions(command: Command): Command {
  const options = [
    new Option('--log.level <level>', 'lowest level of logged messages')
      .choices(logLevels)
      .default('info' satisfies LogLevel),
    new Option(
      '--log.format <format>',
      'log format (default: plain on a terminal, otherwise logfmt with timestamps)',
    ).choices(logFormats),
    new Option('--verbose', 'kernel log and stack trace with each error'),
  ];
  for (const option of options) command.addOption(option.helpGroup('Global options:'));
  return command;
}

const SOURCES = ['default', 'env', 'cli'];

/** The value of such an option: on whichever command it was given. */
export function globalOption<Name extends keyof GlobalOptions>(
  command: Command,
  name: Name,
): GlobalOptions[Name] | undefined {
  let best: { readonly value: GlobalOptions[Name]; readonly rank: number } | undefined;
  for (const each of family(rootOf(command))) {
    const rank = SOURCES.indexOf(each.getOptionValueSource(name) ?? '');
    if (rank < 0 || rank < (best?.rank ?? 0)) continue;
    best = { value: each.getOptionValue(name) as GlobalOptions[Name], rank };
  }
  return best?.value;
}

/** The logger that the options ask for: to standard error, where logs of every command go. */
export function logOf(command: Command): Logger {
  const terminal = isatty(2);
  return createLogger({
    level: globalOption(command, 'log.level') ?? 'info',
    format: logFormatOf(command),
    write: writeError,
    ...(terminal ? {} : { now: () => new Date() }),
  });
}

/** The same options for a process whose standard error ends up in ours: a guest of the lab. */
export const logEnvironment = (command: Command): Readonly<Record<string, string>> => ({
  IPVSCOPE_LOG_FORMAT: logFormatOf(command),
  IPVSCOPE_LOG_LEVEL: globalOption(command, 'log.level') ?? 'info',
});

const logFormatOf = (command: Command): LogFormat =>
  globalOption(command, 'log.format') ?? (isatty(2) ? 'plain' : 'logfmt');

function rootOf(command: Command): Command {
  return command.parent === null ? command : rootOf(command.parent);
}

function* family(command: Command): Generator<Command> {
  yield command;
  for (const child of command.commands) yield* family(child);
}
