import ipaddr from 'ipaddr.js';

/** Bits of an IPv6 address that one host or one site has to itself (RFC 6177). */
const IPV6_BITS = 64;

/** Who is at the other end, as far as limits are concerned: an IPv4 address, or an IPv6 network. */
export function clientKey(address: string | undefined): string {
  if (address === undefined || !ipaddr.isValid(address)) return '';
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  return ipaddr.IPv6.networkAddressFromCIDR(`${parsed}/${IPV6_BITS}`).toString();
}
