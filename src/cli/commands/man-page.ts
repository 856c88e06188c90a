import type { Command } from 'commander';
import type { Program } from '../support/command-module.js';
import type { HelpText } from '../support/help-text.js';

export const help: HelpText = {
  notes: [],
  examples: [{ command: 'ipvscope man-page | man -l -' }],
};

export function define(command: Command, program: () => Promise<Program>): void {
  command.action(async () => {
    const [{ manPage }, { standardOutput }, { version }] = await Promise.all([
      import('../support/man-page-text.js'),
      import('../support/standard-streams.js'),
      import('../../version.js'),
    ]);
    const { command: all, helps } = await program();
    standardOutput().write(manPage(all, { helps, version }));
  });
}
