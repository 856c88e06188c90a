import { parseArgs } from 'node:util';
import { ExitCode, IpvscopeError } from '../../src/error.js';

export const USAGE = `Usage: npm run bench -- [options]

Compares the CPU time of this project's batch path with C consumers of the same ring buffer.
Needs root, a C compiler and libbpf's headers; no ip_vs.

  --rounds N   measured rounds (default 120: about 30 s and 11 million records a row)
  --quick      few rounds: shows that it works, not how fast
  --json FILE  write the figures there, too
  --help

Exit code: 0; 1 when the rows did not count the same or a consumer failed; 2 for wrong options;
3 when the machine lacks something.
`;

export interface Options {
  readonly rounds: number;
  readonly warmups: number;
  /** File to write the figures to. */
  readonly json: string | undefined;
  readonly help: boolean;
}

/** Throws an IpvscopeError ERR_ARGUMENT. */
export function parseOptions(args: readonly string[]): Options {
  const { rounds, quick, json, help } = parse(args);
  if (rounds !== undefined && !/^[1-9]\d{0,5}$/.test(rounds)) {
    throw badArgument(`--rounds takes a number from 1 to 999999, not '${rounds}'`);
  }
  return {
    rounds: rounds === undefined ? (quick ? 4 : 120) : Number(rounds),
    warmups: quick ? 2 : 8,
    json,
    help,
  };
}

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
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
