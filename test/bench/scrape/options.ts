import { parseArgs } from 'node:util';
import { ExitCode, IpvscopeError } from '../../../src/error.js';

export const USAGE = `Usage: node dist/test/bench/scrape/main.js [options]

Compares the CPU time of a scrape, 5,000 virtual services of 10 real servers each, with plain
prom-client's. Needs nothing but Node.js.

  --rounds N   measured rounds (default 40)
  --json FILE  write the figures there, too; G7 is the ratio
  --help

Exit code: 0; 1 when both do not write the same; 2 for wrong options.
`;

export interface Options {
  readonly rounds: number;
  /** File to write the figures to. */
  readonly json: string | undefined;
  readonly help: boolean;
}

/** Throws an IpvscopeError ERR_ARGUMENT. */
export function parseOptions(args: readonly string[]): Options {
  const { rounds, json, help } = parse(args);
  if (!/^[1-9]\d{0,5}$/.test(rounds)) {
    throw badArgument(`--rounds takes a number from 1 to 999999, not '${rounds}'`);
  }
  return { rounds: Number(rounds), json, help };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        rounds: { type: 'string', default: '40' },
        json: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (cause) {
    throw badArgument(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function badArgument(message: string, cause?: unknown): IpvscopeError {
  return new IpvscopeError('ERR_ARGUMENT', message, {
    hint: 'see --help',
    exitCode: ExitCode.usage,
    cause,
  });
}
