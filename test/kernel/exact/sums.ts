import type { IpvsEvent } from '../../../src/record/event.js';
import type { VerdictName } from '../../../src/record/value-names.js';
import type { Expected, Ledger } from './ledger.js';
import { phases } from './phases.js';
import { clientAddresses } from './plan.js';
import { endpoint } from './planned-services.js';

/** `unavailable` and `unscheduled` are known of every packet; a reused port is what remains. */
type KindGroup = 'reused port' | 'unavailable' | 'unscheduled';

/** Numbers by what they are about: service, server, kind and verdict. */
export class Sums {
  readonly #counts = new Map<string, number>();

  add(phase: number, about: SumKey, count = 1): void {
    const { service, server, group, verdict } = about;
    const key = [phase, service, server, group, verdict].join(' | ');
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + count);
  }

  get size(): number {
    return [...this.#counts.values()].filter((count) => count !== 0).length;
  }

  /** Over all services and servers. */
  total(group: KindGroup, verdict: VerdictName): number {
    return [...this.#counts]
      .filter(([key]) => key.endsWith(` | ${group} | ${verdict}`))
      .reduce((sum, [, count]) => sum + count, 0);
  }

  /** Where the two differ. */
  differences(other: Sums): readonly string[] {
    const keys = new Set([...this.#counts.keys(), ...other.#counts.keys()]);
    return [...keys].flatMap((key) => {
      const [ours, theirs] = [this.#counts.get(key) ?? 0, other.#counts.get(key) ?? 0];
      return ours === theirs ? [] : [`${key}: ${ours} by the captures, ${theirs} by events`];
    });
  }
}

export interface SumKey {
  readonly service: string;
  /** Where the packet went; where it went nowhere, the entry's server. */
  readonly server: string;
  readonly group: KindGroup;
  readonly verdict: VerdictName;
}

/** How often the scheduler chose a server, by ip_vs' own counter. */
export type Chosen = (server: string) => number;

/**
 * By the interfaces and ip_vs' counters. A packet that went to the server of its entry was sent there by
 * the entry, or by the scheduler: what that chose beyond new entries and packets that moved.
 */
export function captureSums(ledger: Ledger, chosen: Chosen): Sums {
  const sums = new Sums();
  const places = new Map<string, Place>();
  const placeOf = (phase: number, service: string, server: string): Place => {
    const key = [phase, service, server].join(' ');
    const place = places.get(key) ?? { phase, service, server, moved: 0, stayed: 0 };
    places.set(key, place);
    return place;
  };
  for (const { outcome, to } of ledger.fresh) {
    const { phase, service } = outcome.packet.tuple;
    placeOf(phase, service.name, to).moved++;
  }
  for (const expected of ledger.expected) {
    const { outcome, entry, verdicts } = expected;
    const { phase, service } = outcome.packet.tuple;
    const place = outcome.to === undefined ? undefined : placeOf(phase, service.name, outcome.to);
    const [verdict, ...others] = verdicts;
    if (place !== undefined && others.length > 0) {
      place.stayed++;
    } else if (verdict !== undefined) {
      if (place !== undefined) place.moved++;
      const server = outcome.to ?? entry ?? '-';
      sums.add(phase, { service: service.name, server, group: groupOf(expected), verdict });
    }
  }
  for (const { phase, service, server, moved, stayed } of places.values()) {
    const again = chosen(server) - moved;
    const about = { service, server, group: 'reused port' } as const;
    sums.add(phase, { ...about, verdict: 'rescheduled' }, again);
    sums.add(phase, { ...about, verdict: 'forwarded' }, stayed - again);
  }
  return sums;
}

/** What went to a server of a service in a phase. */
interface Place {
  readonly phase: number;
  readonly service: string;
  readonly server: string;
  /** Packets that the scheduler must have sent: they had no entry, or the entry of another server. */
  moved: number;
  /** Packets that had an entry of this server. */
  stayed: number;
}

const groupOf = ({ weight, verdicts }: Expected): KindGroup => {
  if (weight === 'removed') return 'unavailable';
  return verdicts.includes('rejected') ? 'unscheduled' : 'reused port';
};

const phaseOfClient = new Map(
  phases.flatMap(({ index }) =>
    ([4, 6] as const).flatMap((version) =>
      clientAddresses(index, version).map(
        (address) => [endpoint(address, 0).slice(0, -2), index] as const,
      ),
    ),
  ),
);

/** By the events. */
export function eventSums(events: readonly IpvsEvent[]): Sums {
  const sums = new Sums();
  for (const { client = '', kind, verdict, virtual = '', ...event } of events) {
    const phase = phaseOfClient.get(client.slice(0, client.lastIndexOf(':'))) ?? -1;
    const server = verdict === 'rescheduled' ? event.new_destination : event.destination;
    const group = kind === 'unavailable' || kind === 'unscheduled' ? kind : 'reused port';
    sums.add(phase, { service: virtual, server: server ?? '-', group, verdict });
  }
  return sums;
}
