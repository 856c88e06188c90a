import { formatAddress, OVERFLOW_ADDRESS } from '../record/address.js';
import type { DelayCause } from '../record/event.js';
import { Flag, Offset } from '../record/layout.generated.js';
import {
  causeName,
  type KindName,
  kindName,
  protocolName,
  reasonName,
  schedulerName,
  stateName,
  type VerdictName,
  verdictName,
} from '../record/value-names.js';
import type { CountTable } from './count-table.js';
import type { DelayHistogram } from './delays.js';
import { KEY_OFFSET, KEY_WORDS } from './row-key.js';
import type { Totals } from './totals.js';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/**
 * Packets alike in all that tells them apart. Where there was no room for a row of their own, service
 * and server are folded away: both addresses are `overflow`, ports, mark and namespace 0.
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

/** The packets of `rows` are `packets`, together. */
export interface Snapshot extends Totals {
  readonly rows: readonly SnapshotRow[];
}

/** Packets that only a kernel without the fix drops. */
export const missingFixPackets = ({ rows }: Snapshot): number =>
  rows.reduce((sum, row) => sum + (row.missingFix ? row.packets : 0), 0);

const folded: Endpoint = { address: OVERFLOW_ADDRESS, port: 0 };

/** One row of the table in words. */
export function readRow(table: CountTable, row: number): SnapshotRow {
  const { keyBytes: bytes, keys } = table;
  const at = row * KEY_WORDS * 4 - KEY_OFFSET;
  const byte = (offset: number): number => bytes[at + offset] ?? 0;
  const word = (offset: number): number => keys[(at + offset) / 4] ?? 0;
  const endpoint = (address: number, port: number, family: number): Endpoint => ({
    address: formatAddress(bytes, at + address, family),
    port: (byte(port) << 8) | byte(port + 1),
  });
  const flags = byte(Offset.flags) | (byte(Offset.flags + 1) << 8);
  // The kernel folds alike where its own tables are full.
  const isOverflow = byte(Offset.family) === 0;
  const hasDestination = (flags & Flag.hasDestination) !== 0;
  const destination = (): Endpoint =>
    endpoint(Offset.destinationAddress, Offset.destinationPort, byte(Offset.destinationFamily));
  return {
    kind: kindName(byte(Offset.kind)),
    verdict: verdictName(byte(Offset.verdict)),
    proto: protocolName(byte(Offset.protocol)),
    virtual: isOverflow
      ? folded
      : endpoint(Offset.virtualAddress, Offset.servicePort, byte(Offset.family)),
    fwmark: word(Offset.fwmark),
    destination: isOverflow ? folded : hasDestination ? destination() : undefined,
    draining: (flags & Flag.weightZero) !== 0,
    newDraining: (flags & Flag.newWeightZero) !== 0,
    opening: (flags & Flag.opening) !== 0,
    connState: stateName(byte(Offset.protocol), byte(Offset.connState)),
    cause: causeName(byte(Offset.cause)),
    reason: reasonName(byte(Offset.cause)),
    scheduler: schedulerName(byte(Offset.scheduler)),
    hairpin: (flags & Flag.hairpin) !== 0,
    missingFix: (flags & Flag.missingFix) !== 0,
    netns: word(Offset.netns),
    packets: table.counts[row] ?? 0,
    delays: table.delays.of(row),
  };
}

/** The table's rows in words, made when somebody asks. */
export function readRows(table: CountTable): SnapshotRow[] {
  const rows: SnapshotRow[] = [];
  for (let row = 0; row < table.end; row++) {
    if (table.used[row] !== 0) rows.push(readRow(table, row));
  }
  return rows;
}
