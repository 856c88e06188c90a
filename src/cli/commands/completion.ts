import { Argument, type Command } from 'commander';
import type { Program } from '../support/command-module.js';
import type { HelpText } from '../support/help-text.js';

const shells = ['bash', 'zsh', 'fish'] as const;

export const help: HelpText = {
  notes: [],
  examples: [
    { command: 'source <(ipvscope completion bash)', purpose: 'in ~/.bashrc' },
    { command: 'source <(ipvscope completion zsh)', purpose: 'in ~/.zshrc, after compinit' },
    { command: 'ipvscope completion fish | source', purpose: 'in config.fish' },
  ],
};

export function define(command: Command, program: () => Promise<Program>): void {
  command
    .addArgument(new Argument('<shell>', 'shell').choices(shells))
    .action(async (shell: (typeof shells)[number]) => {
      const { completionScript } = await import('./run-completion.js');
      const { standardOutput } = await import('../support/standard-streams.js');
      standardOutput().write(completionScript(shell, (await program()).command));
    });
}
