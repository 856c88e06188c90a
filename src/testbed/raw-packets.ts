import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NamespaceShells } from './namespace-shell.js';
import type { Role } from './namespaces.js';

/** Packets that no socket of a client sends: what follows the IPv4 header. */

export interface TcpPacket {
  readonly source: string;
  readonly sourcePort: number;
  readonly target: string;
  readonly targetPort: number;
  readonly sequence: number;
  readonly flags?: number;
  readonly data?: string;
}

export const TCP_SYN = 0x02;
export const TCP_ECE_CWR = 0xc0;

const HEADER = 20;
const PROTOCOL_TCP = 6;

const bytesOf = (address: string): readonly number[] => address.split('.').map(Number);

/** The Internet checksum (RFC 1071), as it stands in a header. */
export function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) {
    sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** A TCP header without options, and its data. */
export function tcpSegment(packet: TcpPacket): Buffer {
  const { source, sourcePort, target, targetPort, sequence, flags = TCP_SYN, data = '' } = packet;
  const segment = Buffer.alloc(HEADER + data.length);
  segment.writeUInt16BE(sourcePort, 0);
  segment.writeUInt16BE(targetPort, 2);
  segment.writeUInt32BE(sequence, 4);
  segment[12] = (HEADER / 4) << 4;
  segment[13] = flags;
  segment.writeUInt16BE(0xffff, 14);
  segment.write(data, HEADER, 'latin1');
  const pseudo = [...bytesOf(source), ...bytesOf(target), 0, PROTOCOL_TCP];
  const length = [segment.length >> 8, segment.length & 0xff];
  segment.writeUInt16BE(checksum(Buffer.from([...pseudo, ...length, ...segment])), 16);
  return segment;
}

/**
 * A SYN from each of `count` ports, one after another, with a sequence number for each. A template is
 * modified per packet: fast enough for a flood.
 */
export function synsFrom(
  first: Omit<TcpPacket, 'sequence' | 'data'>,
  count: number,
  sequenceOf: (index: number) => number,
): Buffer {
  const all = Buffer.alloc(count * HEADER);
  const model = tcpSegment({ ...first, sequence: 0 });
  // RFC 1624: the sum of what stays, to which what changes is added.
  const sum = (~model.readUInt16BE(16) & 0xffff) + (~first.sourcePort & 0xffff);
  for (let index = 0; index < count; index++) {
    const at = index * HEADER;
    const port = first.sourcePort + index;
    const sequence = sequenceOf(index);
    all.set(model, at);
    all.writeUInt16BE(port, at);
    all.writeUInt32BE(sequence, at + 4);
    let own = sum + port + (sequence >>> 16) + (sequence & 0xffff);
    while (own > 0xffff) own = (own & 0xffff) + (own >>> 16);
    all.writeUInt16BE(~own & 0xffff, at + 16);
  }
  return all;
}

/** ICMP's "fragmentation needed" that quotes the head of a packet from `source` to `target`. */
export function fragmentationNeeded(quoted: TcpPacket, mtu: number): Buffer {
  const ip = Buffer.alloc(HEADER);
  ip[0] = 0x45;
  ip.writeUInt16BE(1500, 2);
  // Don't fragment: what the router complains of.
  ip[6] = 0x40;
  ip[8] = 63;
  ip[9] = PROTOCOL_TCP;
  ip.set(bytesOf(quoted.source), 12);
  ip.set(bytesOf(quoted.target), 16);
  ip.writeUInt16BE(checksum(ip), 10);
  const icmp = Buffer.concat([Buffer.alloc(8), ip, tcpSegment(quoted)]);
  icmp[0] = 3;
  icmp[1] = 4;
  icmp.writeUInt16BE(mtu, 6);
  icmp.writeUInt16BE(checksum(icmp), 2);
  return icmp;
}

export interface RawTarget {
  readonly host: string;
  /** Of each packet (default: of all together). */
  readonly length?: number;
  /** IP protocol number (default: 6, TCP). */
  readonly protocol?: number;
  readonly source?: string;
  /** Further options of the socat address. */
  readonly options?: string;
}

/** Sends packets from a namespace, in order and without pauses. */
export async function sendPackets(
  shells: NamespaceShells,
  role: Role,
  packets: Buffer,
  { host, length = packets.length, protocol = PROTOCOL_TCP, source, options }: RawTarget,
): Promise<void> {
  const address = [
    `IP4-SENDTO:${host}:${protocol}`,
    ...(source === undefined ? [] : [`bind=${source}`]),
    ...(options === undefined ? [] : [options]),
  ].join(',');
  const directory = await mkdtemp(join(tmpdir(), 'ipvscope-packets-'));
  try {
    const file = join(directory, 'packets');
    await writeFile(file, packets);
    // From a file, not from a pipe: each read gives one packet.
    const command = ['socat', '-u', '-b', String(length), `FILE:${file}`, address];
    await shells.execInNamespace(role, command, { step: 'socat' });
  } finally {
    await rm(directory, { recursive: true });
  }
}
