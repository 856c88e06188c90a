import { checksum, type Totals } from './totals.js';

/**
 * The totals of `numbers` of records, as native/bpf/output/generate.bpf.h makes record number n: virtual
 * service and server n % keys, one packet each. Each range is `[first, records]`.
 */
export function expectedTotals(
  ranges: readonly (readonly [first: number, records: number])[],
  keys: number,
): Totals {
  const counts = new Array<number>(keys).fill(0);
  let packets = 0;
  for (const [first, records] of ranges) {
    packets += records;
    for (let key = 0; key < keys; key++) {
      // Numbers below `end` of this key.
      const below = (end: number): number => Math.floor((end - 1 - key) / keys) + 1;
      (counts[key] as number) += below(first + records) - below(first);
    }
  }
  const rows = counts.flatMap((count, key) => {
    const low = `${key >> 8}.${key & 255}`;
    const virtual = `10.96.${low}:80`;
    const destination = `10.244.${low}:8080`;
    return count === 0 ? [] : [{ netns: 1, fwmark: 0, virtual, destination, packets: count }];
  });
  return { packets, overflow: 0, keys: rows.length, checksum: checksum(rows) };
}
