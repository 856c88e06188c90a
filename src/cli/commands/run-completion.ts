import type { Command } from 'commander';
import { bashCompletion } from '../support/bash-completion.js';
import { scenarios } from '../support/choose-scenarios.js';
import { commandSpec } from '../support/command-spec.js';
import { fishCompletion } from '../support/fish-completion.js';
import { zshCompletion } from '../support/zsh-completion.js';

const scripts = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

/** The completion script for a shell, generated from the commands of the program. */
export const completionScript = (shell: keyof typeof scripts, program: Command): string =>
  scripts[shell](
    commandSpec(
      program,
      scenarios.map(({ name }) => name),
    ),
  );
