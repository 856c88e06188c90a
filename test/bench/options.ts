import { parseArgs } from 'node:util';
import { ExitCode, IpvscopeError } from '../../src/error.js';
import type { Section } from './section.js';
import { sections } from './sections.js';

const names = sections.map(({ name }) => name);

export const USAGE = `Usage: npm run bench -- [options]

Measures on this machine what this project does with a record, beside others that do the same in the
same run. Needs root, a C compiler and libbpf's headers; no ip_vs. About three minutes.

${sections.map(({ name, title }) => `  ${name.padEnd(12)} ${title}`).join('\n')}

  --only LIST  sections, with commas between them
  --rounds N   measured rounds of efficiency (default 120: 11 million records a row)
  --quick      few rounds: shows that it works, not how fast
  --json FILE  write the goals' figures there, too
  --help

Examples:
  npm run bench
  npm run bench -- --only efficiency,throughput --json figures.json
  npm run bench -- --quick

Tables come on standard output, each when its section is done. Peers run at the highest priority, so
that what else runs on this machine disturbs them less. Exit code: 0; 1 when something counted
wrongly or failed; 2 for wrong options; 3 when the machine lacks something; 130 after Ctrl-C.
`;

/** What the command line asks for. */
export interface Options {
  readonly sections: readonly Section[];
  /** Undefined: what each section takes unless told. */
  readonly rounds: number | undefined;
  readonly quick: boolean;
  /** File to write the figures to. */
  readonly json: string | undefined;
  readonly help: boolean;
}

/** Throws an IpvscopeError ERR_ARGUMENT. */
export function parseOptions(args: readonly string[]): Options {
  const { only, rounds, quick, json, help } = parse(args);
  if (rounds !== undefined && !/^[1-9]\d{0,5}$/.test(rounds)) {
    throw badArgument(`--rounds takes a number from 1 to 999999, not '${rounds}'`);
  }
  const wanted = only?.split(',') ?? names;
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw badArgument(`'${unknown}' is no section; there are ${names.join(', ')}`);
  }
  return {
    sections: sections.filter(({ name }) => wanted.includes(name)),
    rounds: rounds === undefined ? undefined : Number(rounds),
    quick,
    json,
    help,
  };
}

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        only: { type: 'string' },
        rounds: { type: 'string' },
        quick: { type: 'boolean', default: false },
        json: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    return values;
  } catch (cause) {
    throw badArgument(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function badArgument(message: string, cause?: unknown): IpvscopeError {
  return new IpvscopeError('ERR_ARGUMENT', message, {
    hint: 'see npm run bench -- --help',
    exitCode: ExitCode.usage,
    cause,
  });
}
