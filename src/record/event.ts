import type { CONNTRACK_FIX, DelayCause } from './cause.js';
import type { ConntrackName, ForwardingName, KindName, VerdictName } from './value-names.js';

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
  /** Absent where packets were aggregated, as all that distinguishes single packets. */
  readonly client?: string;
  /**
   * Where the client sent the packet; where packets were aggregated, the virtual service, with port
   * 0 for one of every port or of a mark. Absent where the packet does not show it any more.
   */
  readonly virtual?: string;
  /** Firewall mark of the virtual service; 0 for a service by address. */
  readonly fwmark: number;
  /** The real server of the connection entry that was found. */
  readonly destination?: string;
  /** Weight of that server when the entry was found. */
  readonly weight?: number;
  /** Whether that server is still in the virtual service. */
  readonly available?: boolean;
  /** The server that the packet was rescheduled to. */
  readonly new_destination?: string;
  /** The entry's state when it was found, as ipvsadm -Lc prints it; absent where there is none. */
  readonly conn_state?: string;
  readonly expires_in_ms?: number;
  /** The entry was expired while the packet was in the hook. */
  readonly expired?: true;
  /** Absent where packets were aggregated. */
  readonly conntrack?: ConntrackName;
  /** Of that conntrack entry, as conntrack -L prints it; it has seen this very packet already. */
  readonly conntrack_state?: string;
  readonly forwarding?: ForwardingName;
  /** The chosen server is the client itself. */
  readonly hairpin?: true;
  /** Of the virtual service, as ipvsadm prints it; with `servers`, where no server was chosen. */
  readonly scheduler?: string;
  /** Servers of the virtual service, at most 65535. */
  readonly servers?: number;
  /** Servers with a weight above 0. */
  readonly servers_with_weight?: number;
  /** Servers above their thresholds. */
  readonly servers_overloaded?: number;
  /**
   * Why the packet was dropped. On `retry`: why the earlier copy was. Where `delay_ms` is on another
   * kind: `unanswered`.
   */
  readonly cause?: DelayCause;
  /**
   * Why no server was chosen: `no server`, `all weight 0`, `all overloaded`, `scheduler`,
   * `conn limit`; of a packet that was not sent, the kernel's own drop reason.
   */
  readonly reason?: string;
  /**
   * Commit that would have let the packet through: with it, ip_vs drops none whose conntrack entry
   * is not confirmed. Its absence was observed.
   */
  readonly missing_fix?: typeof CONNTRACK_FIX;
  /** From the first copy of this opening packet to this one, where there was an earlier copy. */
  readonly delay_ms?: number;
  /** On `retry`: copies of this packet that were dropped. */
  readonly drops?: number;
  /** Inode number of the network namespace. */
  readonly netns: number;
  readonly cpu?: number;
  readonly count: number;
  readonly node?: string;
}
