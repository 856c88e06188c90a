import { parseNumbers } from './numbers.js';

/** The totals of all records that a consumer took. */
export interface Totals {
  readonly packets: number;
  /** Packets whose key found no room. */
  readonly overflow: number;
  /** Different keys; 0 where it does not aggregate. */
  readonly keys: number;
  /** Over every key and its packets, whatever their order; see `checksum`. */
  readonly checksum: number;
}

/** Asks a peer for them. */
export const TOTALS = 'totals';

/** Throws a SyntaxError, as `parseNumbers` does. */
export const parseTotals = (line: string): Totals =>
  parseNumbers(line, ['packets', 'overflow', 'keys', 'checksum']);

/** One row of a table, in what a snapshot and an event both tell. */
export interface CountedKey {
  readonly netns: number;
  readonly fwmark: number;
  /** `10.96.0.1:80`; the generator makes no IPv6. */
  readonly virtual: string;
  readonly destination: string;
  readonly packets: number;
}

/** FNV-1a, 32 bits, over a text in ASCII. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

/** The sum, modulo 2^32, of every row's hash: equal for equal tables in whatever order. */
export function checksum(rows: Iterable<CountedKey>): number {
  let sum = 0;
  for (const { netns, fwmark, virtual, destination, packets } of rows) {
    sum = (sum + hashText(`${netns} ${fwmark} ${virtual} ${destination} ${packets}`)) >>> 0;
  }
  return sum;
}
