import type { Command } from 'commander';
import type { HelpText } from '../support/help-text.js';

export const help: HelpText = {
  notes: [],
  examples: [{ command: 'ipvscope man-page | man -l -' }],
};

export function define(command: Command): void {
  command.action(async () => {
    const [{ buildProgram }, { manPage }, { standardOutput }, { version }] = await Promise.all([
      import('../build-program.js'),
      import('../support/man-page-text.js'),
      import('../support/standard-streams.js'),
      import('../../version.js'),
    ]);
    const { command: program, helps } = await buildProgram(() => true);
    standardOutput().write(manPage(program, { helps, version }));
  });
}
