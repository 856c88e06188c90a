import type { RecordBatch } from '../wire/batch.js';
import type { EndpointFilter, EventFilter } from '../wire/event-filter.js';
import { Offset, RECORD_SIZE } from '../wire/layout.generated.js';

// include/linux/socket.h
const AF_INET = 2;
const AF_INET6 = 10;

/**
 * Whether a record is one of those that the probe would deliver if it were attached with the filter
 * (native/bpf/filter.bpf.h). Aggregated records have no client, and pass no filter for one.
 */
export function fitsFilter(
  { bytes }: RecordBatch,
  index: number,
  { client, virtual, destination }: EventFilter,
): boolean {
  const at = index * RECORD_SIZE;
  const fits = (wanted: EndpointFilter, family: number, address: number, port: number): boolean =>
    endpointFits(wanted, bytes[at + family] ?? 0, bytes, at + address, at + port);
  if (client !== undefined) {
    if (!fits(client, Offset.family, Offset.clientAddress, Offset.clientPort)) return false;
  }
  if (virtual !== undefined) {
    if (!fits(virtual, Offset.family, Offset.virtualAddress, Offset.virtualPort)) return false;
  }
  if (destination === undefined) return true;
  return (
    fits(
      destination,
      Offset.destinationFamily,
      Offset.destinationAddress,
      Offset.destinationPort,
    ) ||
    fits(
      destination,
      Offset.newDestinationFamily,
      Offset.newDestinationAddress,
      Offset.newDestinationPort,
    )
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
