import { BenchError } from './bench-error.js';
import type { Totals } from './totals.js';

/**
 * Whether a peer's totals are what they have to be: every record counted once and, where it tells
 * keys apart, with its own. Throws an IpvscopeError ERR_BENCH_TOTALS that names the peer.
 */
export function verify(label: string, aggregates: boolean, totals: Totals, expected: Totals): void {
  const names = aggregates
    ? (['packets', 'overflow', 'keys', 'checksum'] as const)
    : (['packets', 'overflow'] as const);
  for (const name of names) {
    if (totals[name] === expected[name]) continue;
    throw new BenchError(
      'ERR_BENCH_TOTALS',
      `'${label}' has ${name} ${totals[name]}, not ${expected[name]}`,
    );
  }
}
