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
