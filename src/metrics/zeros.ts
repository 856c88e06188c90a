import type { VirtualService } from '../services/virtual-service.js';
import { Slices } from '../slices.js';
import { type RowFamily, serviceLabels } from './row-family.js';
import type { RowSeries } from './row-series.js';
import { type Labels, labelText } from './text.js';

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

/** Series that come and go together. */
interface Group {
  /** Equal while the series are the same. */
  readonly key: string;
  readonly samples: number;
  readonly service: string;
  readonly parts: readonly Part[];
}

interface Part {
  readonly series: RowSeries;
  readonly labels: readonly Labels[];
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
      if (samples + group.samples > room) {
        omitted += group.samples;
        continue;
      }
      samples += group.samples;
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
    const texts = services.map((service) => labelText(serviceLabels(service, hostNetns)));
    const ofServices = function* (kind: string, its: readonly ZeroFamily[]): Generator<Group> {
      for (const [index, service] of services.entries()) {
        const key = `${kind} ${service.scheduler} ${service.persistent} ${texts[index]}`;
        const zeros = its.map((one) => [one, one.family.serviceZeros?.(service) ?? []] as const);
        yield groupOf(key, texts[index] as string, zeros);
      }
    };
    const ofServers = function* (isDraining: boolean): Generator<Group> {
      for (const [index, service] of services.entries()) {
        for (const server of service.servers) {
          if ((server.weight === 0) !== isDraining) continue;
          const key = `${isDraining} ${service.persistent} ${server.address} ${server.port} ${texts[index]}`;
          const zeros = single.map(
            (one) => [one, one.family.serverZeros?.(service, server) ?? []] as const,
          );
          yield groupOf(key, texts[index] as string, zeros);
        }
      }
    };
    yield* ofServers(true);
    yield* ofServices('counters', single);
    yield* ofServers(false);
    yield* ofServices('histograms', several);
  }
}

function groupOf(
  key: string,
  service: string,
  zeros: readonly (readonly [ZeroFamily, readonly Labels[]])[],
): Group {
  let total = 0;
  const parts: Part[] = [];
  for (const [{ series, samples }, labels] of zeros) {
    if (labels.length === 0) continue;
    total += samples * labels.length;
    parts.push({ series, labels });
  }
  return { key, samples: total, service, parts };
}

const hold = ({ service, parts }: Group): Held[] =>
  parts.flatMap(({ series, labels }) =>
    labels.map((its) => ({ series, number: series.hold([service, its]) })),
  );
