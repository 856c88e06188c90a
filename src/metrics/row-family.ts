import type { Endpoint, SnapshotRow } from '../aggregate/snapshot.js';
import type { Labels } from './text.js';

/** A metric whose series are sums over rows of the count table. */
export interface RowFamily {
  readonly name: string;
  readonly help: string;
  /** The labels of a series that is there before any row, at 0, and stays. */
  readonly fromStart?: readonly Labels[];
  /**
   * The labels of the series that a row adds to, in the order they are written; undefined where it
   * adds to none. Asked once for a row, when it is new: only what tells rows apart can decide.
   */
  labels(row: SnapshotRow): readonly Labels[] | undefined;
}

/**
 * The labels that node_exporter's ipvs collector gives a virtual service. A service by firewall mark
 * has proto FWM, no address, port 0 and the mark as /proc/net/ip_vs prints it (eight hexadecimal
 * digits).
 */
export function serviceLabels(row: SnapshotRow): Labels {
  if (row.fwmark !== 0) {
    const mark = row.fwmark.toString(16).toUpperCase().padStart(8, '0');
    return { proto: 'FWM', local_address: '', local_port: 0, local_mark: mark };
  }
  return {
    proto: row.proto,
    local_address: row.virtual.address,
    local_port: row.virtual.port,
    local_mark: '',
  };
}

/** ... and a real server. */
export const serverLabels = (server: Endpoint | undefined): Labels => ({
  remote_address: server?.address ?? '',
  remote_port: server?.port ?? 0,
});
