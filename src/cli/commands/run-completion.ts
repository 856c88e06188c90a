import { buildProgram } from '../build-program.js';
import { bashCompletion } from '../support/bash-completion.js';
import { scenarios } from '../support/choose-scenarios.js';
import { commandSpec } from '../support/command-spec.js';
import { fishCompletion } from '../support/fish-completion.js';
import { zshCompletion } from '../support/zsh-completion.js';

const scripts = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

/** The completion script for a shell, generated from the commands. */
export async function completionScript(shell: keyof typeof scripts): Promise<string> {
  const { command } = await buildProgram(() => true);
  return scripts[shell](
    commandSpec(
      command,
      scenarios.map(({ name }) => name),
    ),
  );
}
