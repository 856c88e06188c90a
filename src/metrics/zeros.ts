import type { RealServer, VirtualService } from '../services/virtual-service.js';
import { Slices } from '../slices.js';
import { type RowFamily, serverLabels, serviceLabels } from './row-family.js';
import type { RowSeries } from './row-series.js';
import type { LabelPart } from './text.js';
import { noZeros } from './zero-labels.js';

/** A metric and its series. `samples`: how many lines one of its series has. */
export interface ZeroFamily {
  readonly family: RowFamily;
  readonly series: RowSeries;
  readonly samples: number;
}

/** The virtual services that are known (ServiceTable). */
export interface KnownServices {
  readonly services: readonly VirtualService[];
  /** Another number whenever services, servers or weights are others. */
  readonly version: number;
}

export interface ZerosOptions {
  readonly families: readonly ZeroFamily[];
  readonly hostNetns: number;
  readonly known: KnownServices;
  /** How many samples there is room for. */
  readonly room: () => number;
  readonly slices?: () => Slices;
}

/** Series that come and go together: those of a service, or of a server. */
interface Group {
  /** Equal while the series are the same. */
  readonly key: string;
  /** The labels of the service. */
  readonly service: string;
  readonly server: RealServer | undefined;
  /** By family: labels beside these. */
  readonly zeros: readonly (readonly LabelPart[])[];
  readonly families: readonly ZeroFamily[];
}

interface Held {
  readonly series: RowSeries;
  readonly number: number;
}

/**
 * Series at 0 of every virtual service and server that is known, before their first packet: a counter
 * that appears with the value 12 has no increase, and an alert on it misses the first burst. They
 * take no more room than is left; what is left out is counted.
 */
export class Zeros {
  /** Samples that would be there if there were room. */
  omitted = 0;
  readonly #options: ZerosOptions;
  readonly #slices: () => Slices;
  #held: ReadonlyMap<string, readonly Held[]> = new Map();
  #samples = 0;
  #version = -1;
  #room = 0;
  #updating: Promise<void> | undefined;

  constructor(options: ZerosOptions) {
    this.#options = options;
    this.#slices = options.slices ?? (() => new Slices());
  }

  /** Resolves when the series are those of the services that are known. */
  async update(): Promise<void> {
    this.#updating ??= this.#update().finally(() => {
      this.#updating = undefined;
    });
    await this.#updating;
  }

  async #update(): Promise<void> {
    const { version, services } = this.#options.known;
    const room = this.#options.room();
    const fits = room >= this.#samples && (this.omitted === 0 || room === this.#room);
    if (version === this.#version && fits) return;
    this.#version = version;
    this.#room = room;
    const slices = this.#slices();
    const before = this.#held;
    const held = new Map<string, readonly Held[]>();
    let samples = 0;
    let omitted = 0;
    for (const group of this.#groups(services)) {
      if (slices.isOver) await slices.pause();
      if (held.has(group.key)) continue;
      const its = samplesOf(group);
      if (samples + its > room) {
        omitted += its;
        continue;
      }
      samples += its;
      held.set(group.key, before.get(group.key) ?? hold(group));
    }
    // Last: a series that is in another group now keeps its value.
    for (const [key, its] of before) {
      if (slices.isOver) await slices.pause();
      if (!held.has(key)) for (const { series, number } of its) series.release(number);
    }
    this.#held = held;
    this.#samples = samples;
    this.omitted = omitted;
  }

  /** The most important first. */
  *#groups(services: readonly VirtualService[]): Generator<Group> {
    const { families, hostNetns } = this.#options;
    const single = families.filter(({ samples }) => samples === 1);
    const several = families.filter(({ samples }) => samples > 1);
    const texts = services.map((service) => serviceLabels(service, hostNetns));
    yield* ofServers(services, texts, single, true);
    yield* ofServices(services, texts, single);
    yield* ofServers(services, texts, single, false);
    yield* ofServices(services, texts, several);
  }
}

function* ofServices(
  services: readonly VirtualService[],
  texts: readonly string[],
  families: readonly ZeroFamily[],
): Generator<Group> {
  const kind = families[0]?.family.name;
  for (const [index, service] of services.entries()) {
    const text = texts[index] as string;
    yield {
      key: `${kind} ${service.scheduler} ${text}`,
      service: text,
      server: undefined,
      zeros: families.map(({ family }) => family.serviceZeros?.(service) ?? noZeros),
      families,
    };
  }
}

function* ofServers(
  services: readonly VirtualService[],
  texts: readonly string[],
  families: readonly ZeroFamily[],
  isDraining: boolean,
): Generator<Group> {
  for (const [index, service] of services.entries()) {
    const text = texts[index] as string;
    for (const server of service.servers) {
      if ((server.weight === 0) !== isDraining) continue;
      yield {
        key: `${isDraining} ${service.persistent} ${server.address} ${server.port} ${text}`,
        service: text,
        server,
        zeros: families.map(({ family }) => family.serverZeros?.(service, server) ?? noZeros),
        families,
      };
    }
  }
}

function samplesOf({ zeros, families }: Group): number {
  let total = 0;
  for (const [index, { samples }] of families.entries()) {
    total += samples * (zeros[index] ?? noZeros).length;
  }
  return total;
}

function hold({ service, server, zeros, families }: Group): Held[] {
  const before = server === undefined ? [service] : [service, serverLabels(server)];
  return families.flatMap(({ series }, index) =>
    (zeros[index] ?? noZeros).map((its) => ({ series, number: series.hold([...before, its]) })),
  );
}
