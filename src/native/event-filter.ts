/** An address, or a network of them, and a port (struct ipvscope_endpoint_filter). */
export interface EndpointFilter {
  /** 4 or 16 bytes, network byte order; none: any address. */
  readonly address: Uint8Array;
  /** Bits of the address that have to be equal. */
  readonly prefixLength: number;
  /** 0: any. */
  readonly port: number;
  /** Of `virtual`: a service of every port, whose port in the table is 0. */
  readonly portZero?: true;
}

/** The most filters of one sort (IPVSCOPE_FILTER_MOST in native/include/ipvscope_filter.h). */
export const MAX_FILTERS = 8;

/** enum ipvscope_filter_protocol */
export const protocolBits = { TCP: 1, UDP: 2, SCTP: 4 } as const;

/** Which packets are of interest: those that match one of each sort; absent or empty: all. */
export interface EventFilter {
  readonly client?: readonly EndpointFilter[];
  readonly virtual?: readonly EndpointFilter[];
  /** The real server of the entry that was found, or of the new one. */
  readonly destination?: readonly EndpointFilter[];
  readonly fwmark?: readonly number[];
  /** Inode numbers of network namespaces. */
  readonly netns?: readonly number[];
  /** Sum of `protocolBits`; 0: any. */
  readonly protocols?: number;
}
