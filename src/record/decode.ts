import { formatAddress, formatEndpoint } from './address.js';
import { CONNTRACK_FIX, causeName, isRefused, reasonName } from './cause.js';
import type { IpvsEvent } from './event.js';
import { Conntrack, Cpu, Flag, Kind } from './layout.generated.js';
import type { RecordBatch } from './record-batch.js';
import type { RecordView } from './record-view.generated.js';
import {
  conntrackName,
  conntrackStateName,
  forwardingName,
  kindName,
  protocolName,
  schedulerName,
  stateName,
  verdictName,
} from './value-names.js';

/**
 * Returns what is known of the server itself. An entry whose server is not in this director's table (one
 * synchronised from another director, or bypass) has none of it: neither weight nor presence.
 */
function serverFacts(
  weight: number,
  flags: number,
  single: boolean,
): { weight?: number; available?: boolean } {
  if ((flags & Flag.serverKnown) === 0) return {};
  const available = (flags & Flag.available) !== 0;
  if (single) return { weight, available };
  // Of aggregated packets only weight 0 is known, by its flag.
  return (flags & Flag.weightZero) === 0 ? { available } : { weight: 0, available };
}

/** Returns whether the entry was made for the packet: such an entry had no expiry time before. */
const isMade = (kind: number): boolean => kind === Kind.stale || kind === Kind.retry;

/** Returns what is known of the scheduler where no server could be chosen. */
function schedulerFacts(
  { scheduler, servers, serversWithWeight, serversOverloaded }: RecordView,
  single: boolean,
): Pick<IpvsEvent, 'scheduler' | 'servers' | 'servers_with_weight' | 'servers_overloaded'> {
  const name = schedulerName(scheduler);
  if (name === undefined) return {};
  if (!single) return { scheduler: name };
  return {
    scheduler: name,
    servers,
    servers_with_weight: serversWithWeight,
    servers_overloaded: serversOverloaded,
  };
}

/** Returns why. A packet sent by cache_bypass has a reason, but was not dropped for it. */
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

/**
 * Decodes one record as an event. `toTime` turns CLOCK_MONOTONIC nanoseconds into wall time.
 *
 * @throws RangeError where `index` is not one of the batch's records.
 */
export function decodeEvent(
  batch: RecordBatch,
  index: number,
  toTime: (monotonicNs: number) => string,
): IpvsEvent {
  if (!Number.isInteger(index) || index < 0 || index >= batch.count) {
    throw new RangeError(`record ${index} of a batch of ${batch.count}`);
  }
  const record = batch.record(index);
  const endpoint = (address: number, port: number, family: number): string =>
    formatEndpoint(formatAddress(record.bytes, address, family), port);

  const { flags, kind, verdict, family, protocol, cpu, conntrack, delayUs } = record;
  const hasEntry = (flags & Flag.hasEntry) !== 0;
  const single = cpu !== Cpu.several;
  const inKey = (): string =>
    endpoint(record.destinationAddress, record.destinationPort, record.destinationFamily);
  const besideKey = (): string =>
    endpoint(record.newDestinationAddress, record.newDestinationPort, record.newDestinationFamily);
  // enum ipvscope_flag in the record's header says why.
  const swapped = (flags & Flag.newWeightZero) !== 0;
  const conntrackState =
    single && (conntrack === Conntrack.confirmed || conntrack === Conntrack.unconfirmed)
      ? conntrackStateName(protocol, record.conntrackState)
      : undefined;
  const destination =
    (flags & Flag.hasDestination) === 0 || (swapped && !single)
      ? {}
      : {
          destination: swapped ? besideKey() : inKey(),
          ...serverFacts(record.weight, flags, single),
        };
  const newDestination =
    (flags & Flag.rescheduled) === 0 || (!swapped && !single)
      ? {}
      : { new_destination: swapped ? inKey() : besideKey() };
  const virtualPort = single ? record.virtualPort : record.servicePort;

  return {
    time: toTime(record.timeNs),
    kind: kindName(kind),
    verdict: verdictName(verdict),
    opening: (flags & Flag.opening) !== 0,
    proto: protocolName(protocol),
    ...(single ? { client: endpoint(record.clientAddress, record.clientPort, family) } : {}),
    ...((flags & Flag.hasVirtual) === 0
      ? {}
      : { virtual: endpoint(record.virtualAddress, virtualPort, family) }),
    fwmark: record.fwmark,
    ...destination,
    ...newDestination,
    ...((flags & Flag.hairpin) === 0 ? {} : { hairpin: true }),
    ...(kind === Kind.unscheduled ? schedulerFacts(record, single) : {}),
    ...(hasEntry
      ? {
          conn_state: stateName(protocol, record.connState),
          ...(single && !isMade(kind) ? { expires_in_ms: record.expiresInMs } : {}),
        }
      : {}),
    ...((flags & Flag.expired) === 0 ? {} : { expired: true }),
    ...(single ? { conntrack: conntrackName(conntrack) } : {}),
    ...(conntrackState === undefined ? {} : { conntrack_state: conntrackState }),
    ...(hasEntry || record.forwarding !== 0
      ? { forwarding: forwardingName(record.forwarding) }
      : {}),
    ...causeFacts(
      batch,
      record.cause,
      record.dropReason,
      kind === Kind.unscheduled && !isRefused(verdict),
    ),
    ...((flags & Flag.missingFix) === 0 ? {} : { missing_fix: CONNTRACK_FIX }),
    ...(single && delayUs !== 0 ? { delay_ms: delayUs / 1000 } : {}),
    ...(single && kind === Kind.retry ? { drops: record.drops } : {}),
    netns: record.netns,
    ...(single ? { cpu } : {}),
    count: record.count,
  };
}
