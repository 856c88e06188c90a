import type { Command } from 'commander';
import { commandList } from './command-list.js';
import type { CommandEntry, Program } from './support/command-module.js';
import { EnvironmentCommand } from './support/environment-command.js';
import { addGlobalOptions } from './support/global-options.js';
import { type HelpText, helpLines } from './support/help-text.js';
import { standardError, standardOutput } from './support/standard-streams.js';

const help: HelpText = {
  notes: [
    'Exit codes: 0 success; 1 a check failed, or the run was incomplete; 2 wrong usage; 3 a prerequisite is missing (the error names it and the way to get it).',
  ],
  examples: [
    { command: 'ipvscope trace', purpose: 'what IPVS does with notable packets' },
    { command: 'ipvscope serve', purpose: 'metrics at :10962/metrics' },
    { command: 'ipvscope lab reproduce rollout', purpose: 'the incident, on a kernel in QEMU' },
  ],
};

/**
 * The command line. Only commands that `isNamed` are loaded, the others have a name and a summary:
 * most of this program is not needed to say what it can do.
 */
export async function buildProgram(
  isNamed: (name: string) => boolean,
  versionText = '',
): Promise<Program> {
  const helps = new Map<Command, HelpText>();
  const describe = (command: Command, text: HelpText): void => {
    helps.set(command, text);
    command.addHelpText('after', helpLines(text));
    addGlobalOptions(command);
  };
  const add = async (parent: Command, entries: readonly CommandEntry[]): Promise<void> => {
    for (const { name, summary, hidden, load } of entries) {
      const command = parent.command(name, { hidden: hidden === true }).description(summary);
      if (!isNamed(name)) continue;
      const { define, children = [], help: text } = await load();
      define(command, () => buildProgram(() => true));
      describe(command, text);
      await add(command, children);
    }
  };
  const program = new EnvironmentCommand('ipvscope')
    .description(
      'Shows how Linux IPVS handles connections that reuse a source port, from inside the kernel.',
    )
    .version(versionText, '-V, --version', 'version, commit, libbpf and Node.js')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => standardOutput().write(text),
      writeErr: (text) => standardError().write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'ipvscope: ERR_USAGE: ')),
    })
    .showHelpAfterError('(hint: ipvscope --help, or ipvscope COMMAND --help)');
  describe(program, help);
  await add(program, commandList);
  return { command: program, helps };
}
