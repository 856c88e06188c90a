import { allCommands, type CommandSpec, type OptionSpec, type Values } from './command-spec.js';

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const functionOf = ({ path }: CommandSpec): string =>
  ['_ipvscope', ...path].join('_').replaceAll('-', '_');

/** _arguments takes brackets and colons apart. */
const escaped = (text: string): string => text.replace(/[\\[\]:]/g, '\\$&');

function action(values: Values): string {
  if (values === 'file') return '_files';
  if (values === 'directory') return '_files -/';
  return values.length === 0 ? ' ' : `(${values.join(' ')})`;
}

function argumentsOf({ spellings, description, values }: OptionSpec): string[] {
  const value = values === undefined ? '' : `:value:${action(values)}`;
  return spellings.map((spelling) => quoted(`*${spelling}[${escaped(description)}]${value}`));
}

/** A script for zsh: a file _ipvscope in a directory of $fpath, or sourced after compinit. */
export function zshCompletion(program: CommandSpec): string {
  const functions = [...allCommands(program)].map((spec) => {
    const next = [...spec.commands, ...(spec.wraps ? program.commands : [])];
    const lines = spec.options.flatMap(argumentsOf);
    if (next.length === 0) {
      lines.push(quoted(`*:argument:${action(spec.values)}`));
      return `${functionOf(spec)}() {\n  _arguments -s \\\n    ${lines.join(' \\\n    ')}\n}`;
    }
    const described = next.map(
      ({ path, description }) => `    ${quoted(`${path.at(-1)}:${escaped(description)}`)}`,
    );
    const cases = next.map((child) => `        ${child.path.at(-1)}) ${functionOf(child)} ;;`);
    return `${functionOf(spec)}() {
  local context state state_descr line
  typeset -A opt_args
  local -a commands=(
${described.join('\n')}
  )
  _arguments -s -C \\
    ${lines.join(' \\\n    ')} \\
    '1:command:->command' '*::argument:->rest'
  case $state in
    command) _describe command commands ;;
    rest)
      case $words[1] in
${cases.join('\n')}
      esac ;;
  esac
}`;
  });
  return `#compdef ipvscope
# zsh completion for ipvscope; load it with: source <(ipvscope completion zsh)
${functions.join('\n')}
if [ "$funcstack[1]" = _ipvscope ]; then
  _ipvscope "$@"
else
  compdef _ipvscope ipvscope
fi
`;
}
