import { type EndpointFilter, type EventFilter, protocolBits } from '../native/event-filter.js';
import { Cpu, Flag, Offset, RECORD_SIZE } from '../record/layout.generated.js';
import type { RecordBatch } from '../record/record-batch.js';

// include/linux/socket.h
const AF_INET = 2;
const AF_INET6 = 10;

const protocolBitOf: Readonly<Record<number, number>> = {
  6: protocolBits.TCP,
  17: protocolBits.UDP,
  132: protocolBits.SCTP,
};

/** Of no filter of a sort, or of those that fit. */
function fitsOne<Filter>(
  filters: readonly Filter[] | undefined,
  fits: (filter: Filter) => boolean,
): boolean {
  return filters === undefined || filters.length === 0 || filters.some(fits);
}

/**
 * Whether a record is one of those that the probe would deliver if it were attached with the filter
 * (native/bpf/output/filter.bpf.h). Aggregated records have no client, and pass no filter for one.
 */
export function fitsFilter(batch: RecordBatch, index: number, filter: EventFilter): boolean {
  const { bytes, words } = batch;
  const at = index * RECORD_SIZE;
  const fits = (wanted: EndpointFilter, family: number, address: number, port: number): boolean =>
    endpointFits(wanted, bytes[at + family] ?? 0, bytes, at + address, at + port);
  const half = (offset: number): number =>
    (bytes[at + offset] ?? 0) | ((bytes[at + offset + 1] ?? 0) << 8);
  const word = (offset: number): number => words[(at + offset) / 4] ?? 0;
  const flags = half(Offset.flags);
  const ofEveryPort =
    (flags & Flag.serviceFound) !== 0 &&
    half(Offset.servicePort) === 0 &&
    word(Offset.fwmark) === 0;
  const port = half(Offset.cpu) === Cpu.several ? Offset.servicePort : Offset.virtualPort;
  return (
    fitsOne(filter.client, (wanted) =>
      fits(wanted, Offset.family, Offset.clientAddress, Offset.clientPort),
    ) &&
    fitsOne(
      filter.virtual,
      (wanted) =>
        (flags & Flag.hasVirtual) !== 0 &&
        (wanted.portZero !== true || ofEveryPort) &&
        fits(wanted, Offset.family, Offset.virtualAddress, port),
    ) &&
    fitsOne(
      filter.destination,
      (wanted) =>
        fits(wanted, Offset.destinationFamily, Offset.destinationAddress, Offset.destinationPort) ||
        fits(
          wanted,
          Offset.newDestinationFamily,
          Offset.newDestinationAddress,
          Offset.newDestinationPort,
        ),
    ) &&
    fitsOne(filter.fwmark, (mark) => mark === word(Offset.fwmark)) &&
    fitsOne(filter.netns, (netns) => netns === word(Offset.netns)) &&
    (!filter.protocols ||
      ((protocolBitOf[bytes[at + Offset.protocol] ?? 0] ?? 0) & filter.protocols) !== 0)
  );
}

function endpointFits(
  wanted: EndpointFilter,
  family: number,
  bytes: Uint8Array,
  address: number,
  port: number,
): boolean {
  if (wanted.port !== 0) {
    const value = ((bytes[port] ?? 0) << 8) | (bytes[port + 1] ?? 0);
    if (value !== wanted.port) return false;
  }
  if (wanted.address.length === 0) return true;
  if (family !== (wanted.address.length === 4 ? AF_INET : AF_INET6)) return false;
  for (let index = 0, bits = wanted.prefixLength; bits > 0; index++, bits -= 8) {
    const mask = bits >= 8 ? 0xff : (0xff << (8 - bits)) & 0xff;
    if ((((bytes[address + index] ?? 0) ^ (wanted.address[index] ?? 0)) & mask) !== 0) return false;
  }
  return true;
}
