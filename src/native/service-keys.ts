import type { ServiceKey } from '../services/virtual-service.js';

/** Bytes of struct ipvscope_service_key (native/include/ipvscope_services.h). */
const KEY_BYTES = 28;
const AF_INET = 2;
const AF_INET6 = 10;

/** Packs services as struct ipvscope_service_key. */
export function serviceKeys(services: readonly ServiceKey[]): Uint8Array {
  // The table does not show the family of a service by mark that has no servers.
  const keys = services.flatMap((service) =>
    service.family === 0
      ? [AF_INET, AF_INET6].map((family) => ({ ...service, family }))
      : [service],
  );
  const bytes = new Uint8Array(keys.length * KEY_BYTES);
  const view = new DataView(bytes.buffer);
  keys.forEach(({ netns, fwmark, family, protocol, addressBytes, port }, index) => {
    const at = index * KEY_BYTES;
    view.setUint32(at, netns, true);
    view.setUint32(at + 4, fwmark, true);
    bytes.set(addressBytes, at + 8);
    view.setUint16(at + 24, port, false);
    view.setUint8(at + 26, family);
    view.setUint8(at + 27, protocol);
  });
  return bytes;
}
