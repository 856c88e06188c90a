/** AF_INET6 (include/linux/socket.h); what has a family and not this one is written as IPv4. */
const AF_INET6 = 10;

function formatIpv6(bytes: Uint8Array, offset: number): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) {
    groups.push(((bytes[offset + i] ?? 0) << 8) | (bytes[offset + i + 1] ?? 0));
  }
  // RFC 5952: the longest run of two or more zero groups, the first of equals, becomes "::".
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > length) {
      start = i;
      length = end - i;
    }
    if (end > i) i = end;
  }
  const text = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  return start < 0 ? text(0, 8) : `${text(0, start)}::${text(start + length, 8)}`;
}

/** Stands for the address of packets in an overflow bucket. */
export const OVERFLOW_ADDRESS = 'overflow';

/** Formats the address at `offset` (network byte order) as ipvsadm -n does, without brackets. */
export function formatAddress(bytes: Uint8Array, offset: number, family: number): string {
  if (family === AF_INET6) return formatIpv6(bytes, offset);
  if (family === 0) return OVERFLOW_ADDRESS;
  return `${bytes[offset]}.${bytes[offset + 1]}.${bytes[offset + 2]}.${bytes[offset + 3]}`;
}

/** `10.0.0.1` or `[2001:db8::1]`. */
export function formatHost(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** `10.0.0.1:80` or `[2001:db8::1]:443`. */
export function formatEndpoint(address: string, port: number): string {
  return `${formatHost(address)}:${port}`;
}
