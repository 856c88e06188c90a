/**
 * What the driver and a peer of this section say to each other. native/consumer.c has the other end
 * in C, typescript-peer.ts in TypeScript.
 */
import { parseNumbers } from '../numbers.js';

/** What one round cost. */
export interface Cost {
  /** CPU time of the whole process while it made the records, in nanoseconds. */
  readonly fillNs: number;
  /** ... while it consumed them: every thread, user and system. */
  readonly cpuNs: number;
  /** Elapsed time while it consumed them, in nanoseconds. */
  readonly wallNs: number;
  /** Garbage collections that began while it consumed them. */
  readonly collections: number;
}

/** Asks for `fills` times `records` records, numbered from `first` on, to be filled and consumed. */
export interface Round {
  readonly first: number;
  readonly fills: number;
  readonly records: number;
}

/** As `parseRound` reads it. */
export function formatRound({ first, fills, records }: Round): string {
  return `round ${first} ${fills} ${records}`;
}

/** Undefined where the line is no such request. */
export function parseRound(line: string): Round | undefined {
  const [, first, fills, records] = /^round (\d+) (\d+) (\d+)$/.exec(line) ?? [];
  return first === undefined
    ? undefined
    : { first: Number(first), fills: Number(fills), records: Number(records) };
}

/** Throws a SyntaxError, as `parseNumbers` does. */
export const parseCost = (line: string): Cost =>
  parseNumbers(line, ['fillNs', 'cpuNs', 'wallNs', 'collections']);
