import type { ConntrackName, ForwardingName, KindName, VerdictName } from './names.js';

/** Why a packet was dropped: the label of ipvs_dropped_packets_total. */
export type DropCause = 'conntrack' | 'unavailable' | 'unscheduled' | 'overload' | 'transmit';

/** The commit, of Linux 5.9 and in stable branches of 2020, by which a reused port's first packet
 * is dropped for a confirmed conntrack entry only. */
export const CONNTRACK_FIX = 'f0a5e4d7a594';

/**
 * What happened to one packet (or, where `count` is above 1, to several alike). Names and values
 * are those of ipvsadm; a fact the kernel did not show is absent.
 */
export interface IpvsEvent {
  /** ISO 8601, UTC, microseconds. */
  readonly time: string;
  readonly kind: KindName;
  readonly verdict: VerdictName;
  /** Whether the packet opens a connection (TCP SYN without ACK, SCTP INIT). */
  readonly opening: boolean;
  readonly proto: string;
  /** Absent where packets were added up, as all that tells single ones apart. */
  readonly client?: string;
  readonly virtual: string;
  /** Of the virtual service; 0 for a service by address. */
  readonly fwmark: number;
  /** The server of the entry that was found. */
  readonly destination?: string;
  /** Of that server, when the entry was found. */
  readonly weight?: number;
  /** Whether that server is still in the virtual service's table. */
  readonly available?: boolean;
  /** The server chosen anew. */
  readonly new_destination?: string;
  /** The entry's state when it was found, as ipvsadm -Lc prints it; absent where there is none. */
  readonly conn_state?: string;
  readonly expires_in_ms?: number;
  /** The entry was expired while the packet was in the hook. */
  readonly expired?: true;
  readonly conntrack: ConntrackName;
  /** Of that conntrack entry, as conntrack -L prints it; it has seen this very packet already. */
  readonly conntrack_state?: string;
  readonly forwarding?: ForwardingName;
  /** Present where the packet was dropped. */
  readonly cause?: DropCause;
  /**
   * Commit that would have let the packet through: with it, ip_vs drops none whose conntrack entry
   * is not confirmed. Its absence was observed.
   */
  readonly missing_fix?: typeof CONNTRACK_FIX;
  /** On `retry`: from the first dropped copy to this packet. */
  readonly delay_ms?: number;
  /** On `retry`: copies of this packet that were dropped. */
  readonly drops?: number;
  /** Inode number of the network namespace. */
  readonly netns: number;
  readonly cpu?: number;
  readonly count: number;
  readonly node?: string;
}
