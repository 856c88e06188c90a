/** A virtual service, as the probe finds it by a packet's destination. */
export interface ServiceAddress {
  /** Inode number of the network namespace. */
  readonly netns: number;
  /** 0: a service by address. */
  readonly fwmark: number;
  readonly family: 'ipv4' | 'ipv6';
  /** IPPROTO_*; of a service by mark 0. */
  readonly protocol: number;
  /** 4 or 16 bytes, network byte order; of a service by mark empty. */
  readonly address: Uint8Array;
  /** 0: every port. */
  readonly port: number;
}

/** Bytes of struct ipvscope_service_key (native/include/ipvscope_services.h). */
const KEY_BYTES = 28;
const AF_INET = 2;
const AF_INET6 = 10;

/** As struct ipvscope_service_key, one after another. */
export function serviceKeys(services: readonly ServiceAddress[]): Uint8Array {
  const bytes = new Uint8Array(services.length * KEY_BYTES);
  const view = new DataView(bytes.buffer);
  services.forEach(({ netns, fwmark, family, protocol, address, port }, index) => {
    const at = index * KEY_BYTES;
    view.setUint32(at, netns, true);
    view.setUint32(at + 4, fwmark, true);
    bytes.set(address, at + 8);
    view.setUint16(at + 24, port, false);
    view.setUint8(at + 26, family === 'ipv4' ? AF_INET : AF_INET6);
    view.setUint8(at + 27, protocol);
  });
  return bytes;
}
