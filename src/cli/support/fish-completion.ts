import { allCommands, type CommandSpec, type Values } from './command-spec.js';

const quoted = (text: string): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** What completes an option's value. */
function valueFlags(values: Values): string {
  if (values === 'file') return ' -r -F';
  if (values === 'directory') return " -x -a '(__fish_complete_directories)'";
  return values.length === 0 ? ' -x' : ` -x -a ${quoted(values.join(' '))}`;
}

/** A script for fish: `ipvscope completion fish | source`. */
export function fishCompletion(program: CommandSpec): string {
  const commands = [...allCommands(program)];
  const steps = commands.flatMap((spec) =>
    [...spec.commands, ...(spec.wraps ? program.commands : [])].map(
      (child) =>
        `      case ${quoted(`${spec.path.join(' ')}:${child.path.at(-1)}`)}\n        set path ${quoted(child.path.join(' '))}`,
    ),
  );
  const lines = commands.flatMap((spec) => {
    const when = `complete -c ipvscope -n ${quoted(`__ipvscope_at ${quoted(spec.path.join(' '))}`)}`;
    return [
      ...[...spec.commands, ...(spec.wraps ? program.commands : [])].map(
        (child) => `${when} -a ${child.path.at(-1)} -d ${quoted(child.description)}`,
      ),
      ...(typeof spec.values !== 'string' && spec.values.length > 0
        ? [`${when} -a ${quoted(spec.values.join(' '))}`]
        : []),
      ...spec.options.map(({ spellings, description, values }) => {
        const names = spellings.map((spelling) =>
          spelling.startsWith('--') ? ` -l ${spelling.slice(2)}` : ` -s ${spelling.slice(1)}`,
        );
        const value = values === undefined ? '' : valueFlags(values);
        return `${when}${names.join('')}${value} -d ${quoted(description)}`;
      }),
    ];
  });
  return `# fish completion for ipvscope; load it with: ipvscope completion fish | source
function __ipvscope_at
  set -l path ''
  for word in (commandline -opc)[2..-1]
    switch "$path:$word"
${steps.join('\n')}
    end
  end
  test "$path" = "$argv[1]"
end
complete -c ipvscope -f
${lines.join('\n')}
`;
}
