import { formatAddress, formatEndpoint } from './address.js';
import { CONNTRACK_FIX, type IpvsEvent } from './event.js';
import { Conntrack, Cpu, Flag, Kind, Offset, RECORD_SIZE, Verdict } from './layout.generated.js';
import type { RecordBatch } from './record-batch.js';
import {
  causeName,
  conntrackName,
  conntrackStateName,
  forwardingName,
  kindName,
  protocolName,
  reasonName,
  schedulerName,
  stateName,
  verdictName,
} from './value-names.js';

function port(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}

/**
 * What is known of the server itself. An entry whose server is not in this director's table (one
 * synchronised from another director, or bypass) has none of it: neither weight nor presence.
 */
function serverFacts(
  weight: number,
  flags: number,
  single: boolean,
): { weight?: number; available?: boolean } {
  if ((flags & Flag.serverKnown) === 0) return {};
  const available = (flags & Flag.available) !== 0;
  if (single) return { weight: weight | 0, available };
  // Of aggregated packets only weight 0 is known, by its flag.
  return (flags & Flag.weightZero) === 0 ? { available } : { weight: 0, available };
}

/** An entry that was made for the packet has had no time to live yet. */
const isMade = (kind: number): boolean => kind === Kind.stale || kind === Kind.retry;

const isRefused = (verdict: number): boolean =>
  verdict === Verdict.dropped || verdict === Verdict.rejected;

/** Of a packet for which no server could be chosen. */
function schedulerFacts(
  scheduler: number,
  half: (offset: number) => number,
  single: boolean,
): Pick<IpvsEvent, 'scheduler' | 'servers' | 'servers_with_weight' | 'servers_overloaded'> {
  const name = schedulerName(scheduler);
  return {
    ...(name === undefined ? {} : { scheduler: name }),
    ...(single && name !== undefined
      ? {
          servers: half(Offset.servers),
          servers_with_weight: half(Offset.serversWithWeight),
          servers_overloaded: half(Offset.serversOverloaded),
        }
      : {}),
  };
}

/** Why. A packet that was sent by cache_bypass had a reason, but was not dropped for it. */
function causeFacts(
  { dropReasons }: RecordBatch,
  value: number,
  dropReason: number,
  bypassed: boolean,
): Pick<IpvsEvent, 'cause' | 'reason'> {
  const cause = causeName(value);
  const reason = reasonName(value) ?? (dropReason === 0 ? undefined : dropReasons[dropReason]);
  return {
    ...(cause === undefined || bypassed ? {} : { cause }),
    ...(reason === undefined ? {} : { reason }),
  };
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

  const half = (offset: number): number => byte(offset) | (byte(offset + 1) << 8);
  const flags = half(Offset.flags);
  const hasEntry = (flags & Flag.hasEntry) !== 0;
  const kind = byte(Offset.kind);
  const family = byte(Offset.family);
  const protocol = byte(Offset.protocol);
  const cpu = half(Offset.cpu);
  const single = cpu !== Cpu.several;
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
          ...serverFacts(word(Offset.weight), flags, single),
        };
  const newDestination =
    (flags & Flag.rescheduled) === 0 || (!swapped && !single)
      ? {}
      : { new_destination: swapped ? inKey() : besideKey() };
  const virtualPort = single ? Offset.virtualPort : Offset.servicePort;
  const delayUs = word(Offset.delayUs);

  return {
    time: toTime(recordTime(batch, index)),
    kind: kindName(kind),
    verdict: verdictName(byte(Offset.verdict)),
    opening: (flags & Flag.opening) !== 0,
    proto: protocolName(protocol),
    ...(single ? { client: endpoint(Offset.clientAddress, Offset.clientPort, family) } : {}),
    ...((flags & Flag.hasVirtual) === 0
      ? {}
      : { virtual: endpoint(Offset.virtualAddress, virtualPort, family) }),
    fwmark: word(Offset.fwmark),
    ...destination,
    ...newDestination,
    ...((flags & Flag.hairpin) === 0 ? {} : { hairpin: true }),
    ...(kind === Kind.unscheduled ? schedulerFacts(byte(Offset.scheduler), half, single) : {}),
    ...(hasEntry
      ? {
          conn_state: stateName(protocol, byte(Offset.connState)),
          ...(single && !isMade(kind) ? { expires_in_ms: word(Offset.expiresInMs) } : {}),
        }
      : {}),
    ...((flags & Flag.expired) === 0 ? {} : { expired: true }),
    ...(single ? { conntrack: conntrackName(conntrack) } : {}),
    ...(conntrackState === undefined ? {} : { conntrack_state: conntrackState }),
    ...(hasEntry || byte(Offset.forwarding) !== 0
      ? { forwarding: forwardingName(byte(Offset.forwarding)) }
      : {}),
    ...causeFacts(
      batch,
      byte(Offset.cause),
      half(Offset.dropReason),
      kind === Kind.unscheduled && !isRefused(byte(Offset.verdict)),
    ),
    ...((flags & Flag.missingFix) === 0 ? {} : { missing_fix: CONNTRACK_FIX }),
    ...(single && delayUs !== 0 ? { delay_ms: delayUs / 1000 } : {}),
    ...(single && kind === Kind.retry ? { drops: word(Offset.drops) } : {}),
    netns: word(Offset.netns),
    ...(single ? { cpu } : {}),
    count: word(Offset.count),
  };
}
