/**
 * What the driver and a peer say to each other: one line on the peer's standard input, one line of
 * JSON on its standard output. native/consumer.c has the other end in C.
 */

/** What one round cost: the consuming sections alone, the filling left out. */
export interface Cost {
  /** CPU time of the whole process, every thread of it, user and system, in nanoseconds. */
  readonly cpuNs: number;
  /** Elapsed time of the same sections, in nanoseconds. */
  readonly wallNs: number;
  /** Garbage collections that began in those sections. */
  readonly collections: number;
}

/** What all rounds of a peer, those to warm up included, added up to. */
export interface Totals {
  readonly packets: number;
  /** Packets whose key found no room. */
  readonly overflow: number;
  /** Different keys; 0 where the peer does not aggregate. */
  readonly keys: number;
  /** Over every key and its packets, whatever their order; see `checksum`. */
  readonly checksum: number;
}

/** Says that the peer is ready: the one line that nobody asked for. */
export const READY = '{}';

export const TOTALS = 'totals';

/** Asks for `fills` times `records` records, numbered from `first` on, to be filled and consumed. */
export interface Round {
  readonly first: number;
  readonly fills: number;
  readonly records: number;
}

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

export const parseCost = (line: string): Cost =>
  parseNumbers(line, ['cpuNs', 'wallNs', 'collections']);

export const parseTotals = (line: string): Totals =>
  parseNumbers(line, ['packets', 'overflow', 'keys', 'checksum']);

/** Throws a SyntaxError unless the line is an object that has each name with a whole number. */
function parseNumbers<Name extends string>(
  line: string,
  names: readonly Name[],
): Record<Name, number> {
  const value: unknown = JSON.parse(line);
  const numbers = names.map((name): [Name, number] => {
    const number: unknown = Object(value)[name];
    if (!Number.isSafeInteger(number)) throw new SyntaxError(`no number '${name}' in: ${line}`);
    return [name, number as number];
  });
  return Object.fromEntries(numbers) as Record<Name, number>;
}
