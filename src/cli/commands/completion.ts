import { Argument, type Command } from 'commander';
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

export function define(command: Command): void {
  command
    .addArgument(new Argument('<shell>', 'shell').choices(shells))
    .action(async (shell: (typeof shells)[number]) => {
      const { completionScript } = await import('./run-completion.js');
      const { standardOutput } = await import('../support/standard-streams.js');
      standardOutput().write(await completionScript(shell));
    });
}
