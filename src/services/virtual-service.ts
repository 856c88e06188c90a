import type { ForwardingName } from '../record/value-names.js';

/** As `ipvsadm -Ln` prints it; `FWM`: a service by firewall mark. */
export type ServiceProtocol = 'TCP' | 'UDP' | 'SCTP' | 'FWM';

/** AF_INET and AF_INET6 (include/linux/socket.h); 0: the kernel does not show it. */
export type AddressFamily = 0 | 2 | 10;

export interface RealServer {
  readonly address: string;
  /** 0: the packet keeps its port (services by firewall mark or with port 0). */
  readonly port: number;
  readonly forwarding: ForwardingName;
  readonly weight: number;
  readonly activeConnections: number;
  readonly inactiveConnections: number;
}

/** A virtual service, as /proc/net/ip_vs of its network namespace shows it. */
export interface VirtualService {
  /** Inode number of the network namespace. */
  readonly netns: number;
  readonly proto: ServiceProtocol;
  /** Empty where `proto` is FWM. */
  readonly address: string;
  /** Network byte order: 4 bytes or 16; none where `proto` is FWM. */
  readonly addressBytes: Uint8Array;
  /**
   * Of a service by firewall mark, that of its servers; 0 where it has none, or only tunnels, whose
   * family may differ (ip_vs_genl_set_cmd()).
   */
  readonly family: AddressFamily;
  /** 0: all ports of the address, or a service by firewall mark. */
  readonly port: number;
  /** 0: a service by address. */
  readonly fwmark: number;
  /** `none`: the service has lost its scheduler. */
  readonly scheduler: string;
  /** Whether connections of one client keep to one server (`ipvsadm -p`), by a template entry. */
  readonly persistent: boolean;
  readonly servers: readonly RealServer[];
}

/** What the kernel side needs to recognise a packet to a virtual service. */
export interface ServiceKey {
  readonly netns: number;
  readonly family: AddressFamily;
  /** IPPROTO_*; 0 for a service by firewall mark. */
  readonly protocol: number;
  /** Network byte order: 4 bytes, 16, or none. */
  readonly addressBytes: Uint8Array;
  readonly port: number;
  readonly fwmark: number;
}

/** IPPROTO_* by name; 0 for FWM, which takes any. */
export const protocolNumbers: Readonly<Record<ServiceProtocol, number>> = {
  FWM: 0,
  TCP: 6,
  UDP: 17,
  SCTP: 132,
};

export const serviceKey = (service: VirtualService): ServiceKey => ({
  netns: service.netns,
  family: service.family,
  protocol: protocolNumbers[service.proto],
  addressBytes: service.addressBytes,
  port: service.port,
  fwmark: service.fwmark,
});
