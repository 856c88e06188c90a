import { allCommands, type CommandSpec, type Values } from './command-spec.js';

const key = ({ path }: CommandSpec): string => path.join(' ');

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** What fills COMPREPLY with values. */
function reply(values: Values): string {
  if (values === 'file') return 'COMPREPLY=($(compgen -f -- "$word"))';
  if (values === 'directory') return 'COMPREPLY=($(compgen -d -- "$word"))';
  return `COMPREPLY=($(compgen -W ${quoted(values.join(' '))} -- "$word"))`;
}

/** A script for bash: `source <(ipvscope completion bash)`. */
export function bashCompletion(program: CommandSpec): string {
  const commands = [...allCommands(program)];
  const steps = commands.flatMap((spec) => [
    ...spec.commands.map(
      (child) =>
        `      ${quoted(`${key(spec)}:${child.path.at(-1)}`)}) path=${quoted(key(child))} ;;`,
    ),
    ...(spec.wraps
      ? program.commands.map(
          (child) => `      ${quoted(`${key(spec)}:${key(child)}`)}) path=${quoted(key(child))} ;;`,
        )
      : []),
  ]);
  const values = commands.flatMap((spec) =>
    spec.options.flatMap(({ spellings, values: its }) =>
      its === undefined
        ? []
        : [
            `    ${spellings.map((spelling) => quoted(`${key(spec)}:${spelling}`)).join('|')}) ${reply(its)}; return ;;`,
          ],
    ),
  );
  const words = commands.map((spec) => {
    const options = spec.options.flatMap(({ spellings }) => spellings).join(' ');
    const next = [...spec.commands, ...(spec.wraps ? program.commands : [])].map(
      ({ path }) => path.at(-1) ?? '',
    );
    const arguments_ = typeof spec.values === 'string' ? [] : spec.values;
    return `    ${quoted(key(spec))}) options=${quoted(options)} others=${quoted([...new Set([...next, ...arguments_])].join(' '))} ;;`;
  });
  return `# bash completion for ipvscope; load it with: source <(ipvscope completion bash)
_ipvscope() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} path='' options='' others='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path:\${COMP_WORDS[i]}" in
${steps.join('\n')}
    esac
  done
  case "$path:$before" in
${values.join('\n')}
  esac
  case "$path" in
${words.join('\n')}
  esac
  if [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$word"))
  else
    COMPREPLY=($(compgen -W "$others" -- "$word"))
  fi
}
complete -F _ipvscope ipvscope
`;
}
