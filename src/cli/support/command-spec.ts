import type { Command, Option } from 'commander';
import { kindNames } from '../../record/value-names.js';

/** What comes after an option or as an argument, as far as a shell can complete it. */
export type Values = 'file' | 'directory' | readonly string[];

export interface OptionSpec {
  /** `-o`, `--output`. */
  readonly spellings: readonly string[];
  readonly description: string;
  /** Absent: it is a flag. */
  readonly values?: Values;
}

export interface CommandSpec {
  /** The words after `ipvscope`; none: the program itself. */
  readonly path: readonly string[];
  readonly description: string;
  readonly options: readonly OptionSpec[];
  /** Commands that may come next. */
  readonly commands: readonly CommandSpec[];
  readonly values: Values;
  /** Whether any command of the program may come next, as after `lab`. */
  readonly wraps: boolean;
}

/** What completion scripts need to know of a command and those below it. */
export function commandSpec(
  command: Command,
  scenarioNames: readonly string[],
  path: readonly string[] = [],
): CommandSpec {
  const [argument] = command.registeredArguments;
  return {
    path,
    description: command.description(),
    options: command.createHelp().visibleOptions(command).map(optionSpec),
    commands: command.commands
      .filter((its) => command.createHelp().visibleCommands(command).includes(its))
      .map((its) => commandSpec(its, scenarioNames, [...path, its.name()])),
    values: argument?.argChoices ?? (argument?.name() === 'scenario' ? scenarioNames : []),
    wraps: argument?.name() === 'command',
  };
}

function optionSpec(option: Option): OptionSpec {
  return {
    spellings: [option.short, option.long].filter((spelling) => spelling !== undefined),
    description: option.description,
    ...(option.required ? { values: valuesOf(option) } : {}),
  };
}

/** From the choices, else from the metavariable. */
function valuesOf({ argChoices, flags }: Option): Values {
  if (argChoices !== undefined) return argChoices;
  switch (/<(.*)>$/.exec(flags)?.[1]) {
    case 'file':
      return 'file';
    case 'directory':
      return 'directory';
    case 'kinds':
      return [...kindNames, 'all'];
    case 'protocol':
      return ['tcp', 'udp', 'sctp'];
    default:
      return [];
  }
}

/** The command and all below it, each once. */
export function* allCommands(spec: CommandSpec): Generator<CommandSpec> {
  yield spec;
  for (const child of spec.commands) yield* allCommands(child);
}
