import { Help } from 'commander';

/** What a command's help says below its options. */
export interface HelpText {
  /** Paragraphs. */
  readonly notes: readonly string[];
  /** Command lines, and what each is for. */
  readonly examples: readonly Example[];
}

export interface Example {
  readonly command: string;
  readonly purpose?: string;
}

/** Columns of a paragraph, as commander wraps where standard output is no terminal. */
const COLUMNS = 80;

/** Columns of an example's command line before its purpose. */
const WIDTH = 42;

/** As `--help` prints it. */
export function helpLines({ notes, examples }: HelpText): string {
  const lines = examples.map(({ command, purpose }) =>
    purpose === undefined ? `  ${command}` : `  ${command.padEnd(WIDTH)}  # ${purpose}`,
  );
  const help = new Help();
  const paragraphs = notes.map((note) => help.boxWrap(note, COLUMNS));
  const blocks = [...paragraphs, ...(lines.length === 0 ? [] : [`Examples:\n${lines.join('\n')}`])];
  return blocks.map((block) => `\n${block}`).join('\n');
}
