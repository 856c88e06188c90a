import { addressBytes } from './address-bytes.js';
import type { PlannedPacket, PlannedRound } from './plan.js';

/** struct planned_packet (test/kernel/native/plan.h) */
const PACKET_SIZE = 48;
const TCP = 6;
const UDP = 17;
const FIN = 1;
const SYN = 2;
const DISCARD_PORT = 9;

/** Address and port: struct endpoint */
export const ENDPOINT_SIZE = 18;

/** Where a round's packets are in the plan's file; the last of each CPU is its mark. */
export interface RoundPart {
  readonly from: number;
  readonly count: number;
  readonly cpus: number;
}

/**
 * The plan as the sender reads it: a round's packets in the order of their marks, then a datagram
 * from every CPU to the mark's target.
 */
export function writePlan(
  plan: readonly PlannedRound[],
  mark: { readonly source: string; readonly target: string },
): { readonly file: Buffer; readonly parts: readonly RoundPart[] } {
  const total = plan.reduce((sum, { packets, phase }) => sum + packets.length + phase.cpus, 0);
  const file = Buffer.alloc(total * PACKET_SIZE);
  let number = 0;
  const parts = plan.map(({ packets, phase }) => {
    const from = number;
    for (const packet of packets) writePacket(file, number++ * PACKET_SIZE, packet);
    for (let cpu = 0; cpu < phase.cpus; cpu++) {
      const at = number++ * PACKET_SIZE;
      writeEndpoint(file, at, mark.source, DISCARD_PORT);
      writeEndpoint(file, at + ENDPOINT_SIZE, mark.target, DISCARD_PORT);
      file.set([4, UDP, 0, cpu], at + 44);
    }
    return { from, count: number - from, cpus: phase.cpus };
  });
  return { file, parts };
}

/** Where the endpoints of a round's packet are in the file; source and target side by side. */
export const endpointsAt = (part: RoundPart, index: number): number =>
  (part.from + index) * PACKET_SIZE;

function writePacket(file: Buffer, at: number, { tuple, ...packet }: PlannedPacket): void {
  writeEndpoint(file, at, tuple.address, tuple.port);
  writeEndpoint(file, at + ENDPOINT_SIZE, tuple.service.address, tuple.service.port);
  file.writeUInt32BE(packet.sequence, at + 36);
  file.writeUInt32BE(packet.mark, at + 40);
  file[at + 44] = tuple.service.version;
  file[at + 45] = TCP;
  file[at + 46] = packet.opening ? SYN : FIN;
  file[at + 47] = tuple.cpu;
}

/** struct endpoint (test/kernel/native/endpoint.h) */
export function writeEndpoint(file: Buffer, at: number, address: string, port: number): void {
  file.set(addressBytes(address), at);
  file.writeUInt16BE(port, at + 16);
}
