import { formatAddress, formatEndpoint } from './address.js';
import type { RecordBatch } from './batch.js';
import { CONNTRACK_FIX, type DropCause, type IpvsEvent } from './event.js';
import { Conntrack, Flag, Kind, Offset, RECORD_SIZE, Verdict } from './layout.generated.js';
import {
  conntrackName,
  conntrackStateName,
  forwardingName,
  kindName,
  protocolName,
  stateName,
  verdictName,
} from './names.js';

/** Why a record says its packet was dropped; undefined where it was not. */
export function dropCause(kind: number, verdict: number, flags: number): DropCause | undefined {
  if (verdict !== Verdict.dropped && verdict !== Verdict.rejected) return undefined;
  if ((flags & Flag.notTransmitted) !== 0) return 'transmit';
  switch (kind) {
    case Kind.unavailable:
      // With expire_nodest_conn the entry is expired, and a packet with a confirmed conntrack entry
      // is dropped before it could be scheduled anew.
      return (flags & Flag.expired) !== 0 && (flags & Flag.serviceSought) === 0
        ? 'conntrack'
        : 'unavailable';
    case Kind.unscheduled:
      return 'unscheduled';
    case Kind.overload:
      return 'overload';
    default:
      // Dropped before any scheduling was seen, its server in the table: the hook does that for one
      // reason only, the packet's conntrack entry.
      return 'conntrack';
  }
}

/** Whether a record shows that the kernel lacks the fix (CONNTRACK_FIX). */
export const showsMissingFix = (cause: DropCause | undefined, conntrack: number): boolean =>
  cause === 'conntrack' && conntrack === Conntrack.unconfirmed;

function port(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}

/** In place of a CPU: packets that were added up (IPVSCOPE_CPU_SEVERAL in the record's header). */
const CPU_SEVERAL = 0xffff;

/** Of packets that were added up only weight 0 is known, by its flag. */
function weightOf(weight: number, flags: number, single: boolean): { weight?: number } {
  if (single) return { weight: weight | 0 };
  return (flags & Flag.weightZero) === 0 ? {} : { weight: 0 };
}

/** CLOCK_MONOTONIC nanoseconds; exact to 2^53 ns (104 days), to a few ns beyond. */
export function recordTime(batch: RecordBatch, index: number): number {
  const word = (index * RECORD_SIZE + Offset.timeNs) / 4;
  return (batch.words[word + 1] ?? 0) * 2 ** 32 + (batch.words[word] ?? 0);
}

/**
 * One record as an event. `toTime` turns CLOCK_MONOTONIC nanoseconds into wall time.
 * Throws a RangeError where `index` is not one of the batch's records.
 */
export function decodeEvent(
  batch: RecordBatch,
  index: number,
  toTime: (monotonicNs: number) => string,
): IpvsEvent {
  if (!Number.isInteger(index) || index < 0 || index >= batch.count) {
    throw new RangeError(`record ${index} of a batch of ${batch.count}`);
  }
  const { bytes, words } = batch;
  const at = index * RECORD_SIZE;
  const byte = (offset: number): number => bytes[at + offset] ?? 0;
  const word = (offset: number): number => words[(at + offset) / 4] ?? 0;
  const endpoint = (address: number, portOffset: number, family: number): string =>
    formatEndpoint(formatAddress(bytes, at + address, family), port(bytes, at + portOffset));

  const flags = word(Offset.flags);
  const hasEntry = (flags & Flag.hasEntry) !== 0;
  const kind = byte(Offset.kind);
  const verdict = byte(Offset.verdict);
  const family = byte(Offset.family);
  const protocol = byte(Offset.protocol);
  const cpu = byte(Offset.cpu) | (byte(Offset.cpu + 1) << 8);
  const single = cpu !== CPU_SEVERAL;
  const inKey = (): string =>
    endpoint(Offset.destinationAddress, Offset.destinationPort, byte(Offset.destinationFamily));
  const besideKey = (): string =>
    endpoint(
      Offset.newDestinationAddress,
      Offset.newDestinationPort,
      byte(Offset.newDestinationFamily),
    );
  // enum ipvscope_flag in the record's header says why.
  const swapped = (flags & Flag.newWeightZero) !== 0;
  const cause = dropCause(kind, verdict, flags);
  const conntrack = byte(Offset.conntrack);
  const conntrackState =
    single && (conntrack === Conntrack.confirmed || conntrack === Conntrack.unconfirmed)
      ? conntrackStateName(protocol, byte(Offset.conntrackState))
      : undefined;
  const destination =
    (flags & Flag.hasDestination) === 0 || (swapped && !single)
      ? {}
      : {
          destination: swapped ? besideKey() : inKey(),
          ...weightOf(word(Offset.weight), flags, single),
          available: (flags & Flag.available) !== 0,
        };
  const newDestination =
    (flags & Flag.rescheduled) === 0 || (!swapped && !single)
      ? {}
      : { new_destination: swapped ? inKey() : besideKey() };

  return {
    time: toTime(recordTime(batch, index)),
    kind: kindName(kind),
    verdict: verdictName(verdict),
    opening: (flags & Flag.opening) !== 0,
    proto: protocolName(protocol),
    ...(single ? { client: endpoint(Offset.clientAddress, Offset.clientPort, family) } : {}),
    virtual: endpoint(Offset.virtualAddress, Offset.virtualPort, family),
    fwmark: word(Offset.fwmark),
    ...destination,
    ...newDestination,
    ...(hasEntry
      ? {
          conn_state: stateName(protocol, byte(Offset.connState)),
          ...(single ? { expires_in_ms: word(Offset.expiresInMs) } : {}),
        }
      : {}),
    ...((flags & Flag.expired) === 0 ? {} : { expired: true }),
    conntrack: conntrackName(conntrack),
    ...(conntrackState === undefined ? {} : { conntrack_state: conntrackState }),
    ...(hasEntry ? { forwarding: forwardingName(byte(Offset.forwarding)) } : {}),
    ...(cause === undefined ? {} : { cause }),
    ...(showsMissingFix(cause, conntrack) ? { missing_fix: CONNTRACK_FIX } : {}),
    ...(kind === Kind.retry && single
      ? { delay_ms: word(Offset.delayUs) / 1000, drops: word(Offset.drops) }
      : {}),
    netns: word(Offset.netns),
    ...(single ? { cpu } : {}),
    count: word(Offset.count),
  };
}
