/** A connection-opening packet (or any UDP datagram), captured on one interface of the director. */
export interface CapturedPacket {
  /** `10.0.1.2:40001`; masquerading changes only where the packet goes. */
  readonly client: string;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  /** The TCP initial sequence number: copies of one handshake's packet share it. Else 0. */
  readonly sequence: number;
  /** CLOCK_MONOTONIC */
  readonly monotonicNs: number;
}

/** The packets captured on the director's interfaces, each list in the order of time. */
export interface Captures {
  readonly client: readonly CapturedPacket[];
  /** By real server. */
  readonly servers: Readonly<Record<string, readonly CapturedPacket[]>>;
  /** Packets that tcpdump says the kernel dropped before it could read them. */
  readonly lost: number;
  /** How far the wall clock was set during the round. */
  readonly clockStepMs: number;
}
