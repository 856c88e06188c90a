import type { Aggregator } from '../../src/aggregate/aggregator.js';
import type { Endpoint } from '../../src/aggregate/snapshot.js';
import { formatEndpoint } from '../../src/record/address.js';
import { checksum, type Totals } from './totals.js';

const format = (endpoint: Endpoint | undefined): string =>
  endpoint === undefined ? '' : formatEndpoint(endpoint.address, endpoint.port);

/** Totals of the shipped aggregator. */
export function aggregatedTotals(aggregator: Aggregator): Totals {
  const { rows, packets, overflow } = aggregator.snapshot();
  return {
    packets,
    overflow,
    keys: rows.length,
    checksum: checksum(
      rows.map((row) => ({
        netns: row.netns,
        fwmark: row.fwmark,
        virtual: format(row.virtual),
        destination: format(row.destination),
        packets: row.packets,
      })),
    ),
  };
}
