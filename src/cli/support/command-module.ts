import type { Command } from 'commander';
import type { HelpText } from './help-text.js';

/** What a module of commands/ exports. It loads nothing that only running the command needs. */
export interface CommandModule {
  readonly help: HelpText;
  /** Adds arguments, options and the action. `program` loads all that there is. */
  define(command: Command, program: () => Promise<Program>): void;
  readonly children?: readonly CommandEntry[];
}

/** A command as the list of commands shows it; the rest is loaded when it is named. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Left out of help and completion. */
  readonly hidden?: true;
  load(): Promise<CommandModule>;
}

export interface Program {
  readonly command: Command;
  /** What stands below the options of each command that is loaded, the program included. */
  readonly helps: ReadonlyMap<Command, HelpText>;
}
