import { type EndpointFilter, type EventFilter, protocolBits } from '../native/event-filter.js';
import { Cpu, Flag } from '../record/layout.generated.js';
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
  const record = batch.record(index);
  const { bytes, flags } = record;
  const ofEveryPort =
    (flags & Flag.serviceFound) !== 0 && record.servicePort === 0 && record.fwmark === 0;
  const virtualPort = record.cpu === Cpu.several ? record.servicePort : record.virtualPort;
  return (
    fitsOne(filter.client, (wanted) =>
      endpointFits(wanted, record.family, bytes, record.clientAddress, record.clientPort),
    ) &&
    fitsOne(
      filter.virtual,
      (wanted) =>
        (flags & Flag.hasVirtual) !== 0 &&
        (wanted.portZero !== true || ofEveryPort) &&
        endpointFits(wanted, record.family, bytes, record.virtualAddress, virtualPort),
    ) &&
    fitsOne(
      filter.destination,
      (wanted) =>
        endpointFits(
          wanted,
          record.destinationFamily,
          bytes,
          record.destinationAddress,
          record.destinationPort,
        ) ||
        endpointFits(
          wanted,
          record.newDestinationFamily,
          bytes,
          record.newDestinationAddress,
          record.newDestinationPort,
        ),
    ) &&
    fitsOne(filter.fwmark, (mark) => mark === record.fwmark) &&
    fitsOne(filter.netns, (netns) => netns === record.netns) &&
    (!filter.protocols || ((protocolBitOf[record.protocol] ?? 0) & filter.protocols) !== 0)
  );
}

function endpointFits(
  wanted: EndpointFilter,
  family: number,
  bytes: Uint8Array,
  address: number,
  port: number,
): boolean {
  if (wanted.port !== 0 && port !== wanted.port) return false;
  if (wanted.address.length === 0) return true;
  if (family !== (wanted.address.length === 4 ? AF_INET : AF_INET6)) return false;
  for (let index = 0, bits = wanted.prefixLength; bits > 0; index++, bits -= 8) {
    const mask = bits >= 8 ? 0xff : (0xff << (8 - bits)) & 0xff;
    if ((((bytes[address + index] ?? 0) ^ (wanted.address[index] ?? 0)) & mask) !== 0) return false;
  }
  return true;
}
