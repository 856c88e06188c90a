import { addresses, endpoint, serverName } from '../../testbed/addresses.js';
import { isReset, isSyn, type Packet } from '../../testbed/tcpdump-packet.js';

// Short names of the testbed's hosts, and of the packets that cases look for.

export const { virtual: VIP, client: CLIENT, servers } = addresses.ipv4;
export const [R1, R2] = servers;
export const r1 = serverName(R1);
export const r2 = serverName(R2);

export const client = (port: number): string => endpoint(CLIENT, port);
export const vip = (port: number): string => endpoint(VIP, port);

/** Opening packets of TCP to an address and port. */
export const syns = (packets: readonly Packet[], to: string): readonly Packet[] =>
  packets.filter((packet) => packet.to === to && isSyn(packet));

/** ICMP errors, of those with that text. */
export const icmps = (packets: readonly Packet[], text = 'unreachable'): readonly Packet[] =>
  packets.filter((packet) => packet.protocol === 'ICMP' && packet.text.includes(text));

export const resets = (packets: readonly Packet[], from: string): readonly Packet[] =>
  packets.filter((packet) => packet.from === from && isReset(packet));

/** How many packets of TCP and UDP go to an address and port: of TCP, opening packets and resets. */
export const sent = (packets: readonly Packet[], to: string): number =>
  packets.filter((packet) => packet.to === to && packet.protocol !== 'ICMP').length;
