import { type Command, Help, type Option } from 'commander';
import type { HelpText } from './help-text.js';

/** Text for roff: backslashes, hyphens and leading dots mean themselves. */
const plain = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');

const bold = (text: string): string => `\\fB${plain(text)}\\fR`;

const italic = (text: string): string => `\\fI${plain(text)}\\fR`;

/** `-o`, `--output` and the value's name, as help prints them. */
function term(option: Option): string {
  return option.flags
    .split(/(<.*>)/)
    .map((part) => {
      if (part.startsWith('<')) return italic(part.slice(1, -1));
      return part
        .split(/(, | )/)
        .map((its) => (its.startsWith('-') ? bold(its) : its))
        .join('');
    })
    .join('');
}

const help = new Help();

const optionLines = (option: Option): string[] => [
  '.TP',
  term(option),
  plain(help.optionDescription(option)),
];

const isGlobal = ({ helpGroupHeading }: Option): boolean => helpGroupHeading !== undefined;

function helpText({ notes, examples }: HelpText): string[] {
  return [
    ...notes.flatMap((note) => ['.PP', plain(note)]),
    ...examples.flatMap(({ command, purpose }) => [
      '.PP',
      ...(purpose === undefined ? [] : [`${plain(purpose[0]?.toUpperCase() + purpose.slice(1))}:`]),
      '.RS 4',
      '.nf',
      plain(command),
      '.fi',
      '.RE',
    ]),
  ];
}

function* nested(command: Command, path: string): Generator<readonly [string, Command]> {
  for (const its of help.visibleCommands(command)) {
    if (its.name() === 'help') continue;
    yield [`${path} ${its.name()}`, its];
    yield* nested(its, `${path} ${its.name()}`);
  }
}

/** The page in roff's man macros, generated from the commands. */
export function manPage(
  program: Command,
  { helps, version }: { readonly helps: ReadonlyMap<Command, HelpText>; readonly version: string },
): string {
  const name = program.name();
  const commands = [...nested(program, name)].flatMap(([path, command]) => {
    const { notes = [], examples = [] } = helps.get(command) ?? {};
    const options = help.visibleOptions(command).filter((option) => !isGlobal(option));
    return [
      `.SS ${path.slice(name.length + 1)}`,
      `${bold(path)} ${plain(command.usage())}`,
      '.PP',
      `${plain(command.description()[0]?.toUpperCase() + command.description().slice(1))}.`,
      ...options.filter(({ long }) => long !== '--help').flatMap(optionLines),
      ...helpText({ notes, examples }),
    ];
  });
  return [
    `.TH ${name.toUpperCase()} 1 "" "${name} ${version}" "User Commands"`,
    '.SH NAME',
    `${name} \\- how Linux IPVS handles connections that reuse a source port`,
    '.SH SYNOPSIS',
    `${bold(name)} [\\fIoptions\\fR] \\fIcommand\\fR [\\fIarguments\\fR]`,
    '.SH DESCRIPTION',
    plain(program.description()),
    ...helpText({ notes: [], examples: helps.get(program)?.examples ?? [] }),
    '.SH OPTIONS',
    'Every command takes these; they may stand before or after its name.',
    ...help.visibleOptions(program).flatMap(optionLines),
    '.SH COMMANDS',
    ...commands,
    '.SH EXIT STATUS',
    ...['0', 'Success.', '1', 'A check failed, or the run was incomplete.'].flatMap(exitLine),
    ...['2', 'Wrong usage.', '3', 'A prerequisite is missing; the error names it.'].flatMap(
      exitLine,
    ),
    '.SH ENVIRONMENT',
    'Every option can be given in the environment: the help of each names its variable. The command line',
    'wins.',
    '.TP',
    bold('IPVSCOPE_BTF_PATH'),
    'Directories in which BTF files are found, separated by colons.',
    '.TP',
    bold('IPVSCOPE_LAB_CACHE'),
    'Directory in which the lab keeps kernels.',
    '.SH SEE ALSO',
    '\\fBipvsadm\\fR(8), \\fBtcpdump\\fR(8), \\fBbpftool\\fR(8)',
    '',
  ].join('\n');
}

const exitLine = (text: string, index: number): string[] =>
  index % 2 === 0 ? ['.TP', bold(text)] : [text];
