import { formatAddress, OVERFLOW_ADDRESS } from '../record/address.js';
import type { DelayCause } from '../record/cause.js';
import { causeName, reasonName } from '../record/cause.js';
import { Flag } from '../record/layout.generated.js';
import {
  type KindName,
  kindName,
  protocolName,
  schedulerName,
  stateName,
  type VerdictName,
  verdictName,
} from '../record/value-names.js';
import type { CountTable } from './count-table.js';
import type { DelayHistogram } from './delays.js';
import type { Totals } from './totals.js';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/**
 * The packets of one aggregation key. Those of an overflow row are without service and server: both
 * addresses are `overflow`; ports, mark and namespace are 0.
 */
export interface SnapshotRow {
  readonly kind: KindName;
  readonly verdict: VerdictName;
  readonly proto: string;
  /** The virtual service; port 0: of every port, or by mark. */
  readonly virtual: Endpoint;
  /** Of the virtual service; 0 for a service by address. */
  readonly fwmark: number;
  /** The server of the entry found; where `newDraining`, the one chosen anew. */
  readonly destination: Endpoint | undefined;
  /** That server had weight 0. */
  readonly draining: boolean;
  /** The server chosen anew had weight 0. */
  readonly newDraining: boolean;
  readonly opening: boolean;
  readonly connState: string;
  /** Why it was dropped; of a delay, why the client waited. */
  readonly cause: DelayCause | undefined;
  /** Why no server was chosen. */
  readonly reason: string | undefined;
  /** Of the virtual service, where no server was chosen. */
  readonly scheduler: string | undefined;
  /** The chosen server is the client itself. */
  readonly hairpin: boolean;
  /** See IpvsEvent.missing_fix. */
  readonly missingFix: boolean;
  readonly netns: number;
  readonly packets: number;
  /** How long the clients waited, where packets were sent again. */
  readonly delays: DelayHistogram | undefined;
}

/** Everything that was counted; `packets` is the sum over `rows`. */
export interface Snapshot extends Totals {
  readonly rows: readonly SnapshotRow[];
}

/** Counts the packets that only a kernel without the fix drops. */
export const missingFixPackets = ({ rows }: Snapshot): number =>
  rows.reduce((sum, row) => sum + (row.missingFix ? row.packets : 0), 0);

const overflow: Endpoint = { address: OVERFLOW_ADDRESS, port: 0 };

/** Returns one row of the table in words. */
export function readRow(table: CountTable, row: number): SnapshotRow {
  const key = table.key(row);
  const { flags, protocol, cause } = key;
  const endpoint = (address: number, port: number, family: number): Endpoint => ({
    address: formatAddress(key.bytes, address, family),
    port,
  });
  // The kernel's own overflow keys look the same.
  const isOverflow = key.family === 0;
  const hasDestination = (flags & Flag.hasDestination) !== 0;
  const destination = (): Endpoint =>
    endpoint(key.destinationAddress, key.destinationPort, key.destinationFamily);
  return {
    kind: kindName(key.kind),
    verdict: verdictName(key.verdict),
    proto: protocolName(protocol),
    virtual: isOverflow ? overflow : endpoint(key.virtualAddress, key.servicePort, key.family),
    fwmark: key.fwmark,
    destination: isOverflow ? overflow : hasDestination ? destination() : undefined,
    draining: (flags & Flag.weightZero) !== 0,
    newDraining: (flags & Flag.newWeightZero) !== 0,
    opening: (flags & Flag.opening) !== 0,
    connState: stateName(protocol, key.connState),
    cause: causeName(cause),
    reason: reasonName(cause),
    scheduler: schedulerName(key.scheduler),
    hairpin: (flags & Flag.hairpin) !== 0,
    missingFix: (flags & Flag.missingFix) !== 0,
    netns: key.netns,
    packets: table.counts[row] ?? 0,
    delays: table.delays.of(row),
  };
}

/** Returns the table's rows in words. */
export function readRows(table: CountTable): SnapshotRow[] {
  const rows: SnapshotRow[] = [];
  for (let row = 0; row < table.end; row++) {
    if (table.used[row] !== 0) rows.push(readRow(table, row));
  }
  return rows;
}
