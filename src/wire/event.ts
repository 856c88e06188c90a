import type { ConntrackName, ForwardingName, KindName, VerdictName } from './names.js';

/** Why a packet was dropped: the label of ipvs_dropped_packets_total. */
export type DropCause = 'conntrack' | 'unavailable' | 'unscheduled' | 'overload' | 'transmit';

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
  /** Absent where `count` is above 1. */
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
  /** The entry's state when it was found, as ipvsadm -Lc prints it. */
  readonly conn_state: string;
  readonly expires_in_ms: number;
  /** The entry was expired while the packet was in the hook. */
  readonly expired?: true;
  readonly conntrack: ConntrackName;
  readonly forwarding: ForwardingName;
  /** Present where the packet was dropped. */
  readonly cause?: DropCause;
  /** On `retry`: from the first dropped copy to this packet. */
  readonly delay_ms?: number;
  /** On `retry`: copies of this packet that were dropped. */
  readonly drops?: number;
  /** Inode number of the network namespace. */
  readonly netns: number;
  readonly cpu: number;
  readonly count: number;
  readonly node?: string;
}
