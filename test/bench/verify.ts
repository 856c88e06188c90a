import { IpvscopeError } from '../../src/error.js';
import type { Totals } from './protocol.js';
import type { Row } from './rows.js';
import { KEYS } from './workload.js';

export interface RowTotals {
  readonly row: Row;
  readonly totals: Totals;
}

/**
 * Whether every row saw each of the `records` once, of one packet each, and whether those that
 * aggregate made the same table of them. Throws an IpvscopeError ERR_BENCH_TOTALS that names the
 * first row that did not; otherwise returns the checksum they agree on.
 */
export function verify(rows: readonly RowTotals[], records: number): number {
  let agreed: number | undefined;
  for (const { row, totals } of rows) {
    const expect = (what: string, actual: number, expected: number): void => {
      if (actual === expected) return;
      throw new IpvscopeError(
        'ERR_BENCH_TOTALS',
        `'${row.label}' has ${what} ${actual}, not ${expected}`,
      );
    };
    expect('packets', totals.packets, records);
    expect('overflow', totals.overflow, 0);
    if (row.aggregates) {
      agreed ??= totals.checksum;
      expect('keys', totals.keys, KEYS);
      expect('checksum', totals.checksum, agreed);
    }
  }
  return agreed ?? 0;
}
