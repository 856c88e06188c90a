/** An address, or a network of them, and a port (struct ipvscope_endpoint_filter). */
export interface EndpointFilter {
  /** 4 or 16 bytes, network byte order; none: any address. */
  readonly address: Uint8Array;
  /** Bits of the address that have to be equal. */
  readonly prefixLength: number;
  /** 0: any. */
  readonly port: number;
}

/** Which packets are wanted; absent: all. */
export interface EventFilter {
  readonly client?: EndpointFilter;
  readonly virtual?: EndpointFilter;
  /** The entry's server, or the one chosen anew. */
  readonly destination?: EndpointFilter;
}
