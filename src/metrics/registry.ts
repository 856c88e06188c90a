import type { Registry } from 'prom-client';
import type { Aggregator } from '../aggregate/aggregator.js';
import type { ServiceTableState } from '../services/service-table.js';
import type { SourceState } from '../source/event-source.js';
import type { BuildInfo } from '../version.js';
import { connectDelay } from './connect-delay.js';
import { CounterSeries } from './counter-series.js';
import { drainingPackets } from './draining-packets.js';
import { droppedPackets } from './dropped-packets.js';
import { Exposition } from './exposition.js';
import { register } from './family.js';
import { HistogramSeries, SAMPLES_OF_HISTOGRAM } from './histogram-series.js';
import { missingFixDrops } from './missing-fix-drops.js';
import { newConnectionsToDraining } from './new-connections-to-draining.js';
import { openingPackets } from './opening-packets.js';
import { openingRetransmits } from './opening-retransmits.js';
import { orphanPackets } from './orphan-packets.js';
import { portReuse } from './port-reuse.js';
import { selfFamilies, serviceFamilies } from './self.js';
import { undeterminedOpenings } from './undetermined-openings.js';
import { unscheduledPackets } from './unscheduled-packets.js';
import { unsentPackets } from './unsent-packets.js';
import { type KnownServices, type ZeroFamily, Zeros } from './zeros.js';

/** The virtual services of this machine, read when they are asked for. */
export interface ServiceSource extends KnownServices {
  /** Resolves when what is known is fresh. */
  refresh(): Promise<void>;
  state(): ServiceTableState;
}

export interface MetricsInput {
  readonly aggregator: Aggregator;
  state(): SourceState;
  /** Inode number of the network namespace whose label is empty. */
  readonly hostNetns: number;
  /** Absent: no series is there before its first packet. */
  readonly services?: ServiceSource;
}

export interface Metrics {
  readonly contentType: string;
  /** All metrics as of now, in the text format. Nobody may write to it. */
  metrics(): Promise<Buffer>;
}

/** Metrics of which each row of the count table may make a series. */
const counters = [
  portReuse,
  newConnectionsToDraining,
  droppedPackets,
  openingRetransmits,
  drainingPackets,
  openingPackets,
  orphanPackets,
  unsentPackets,
  unscheduledPackets,
  undeterminedOpenings,
  missingFixDrops,
];

/**
 * Every metric: the many series of the count table from an Exposition, the few of the tool itself
 * from prom-client.
 */
export function createRegistry(input: MetricsInput, build: BuildInfo): Metrics {
  const { aggregator, hostNetns, services } = input;
  const { capacity, delays, maxKeys } = aggregator.table;
  const families: ZeroFamily[] = [
    ...counters.map((family) => ({
      family,
      series: new CounterSeries(family, capacity),
      samples: 1,
    })),
    {
      family: connectDelay,
      series: new HistogramSeries(connectDelay, delays),
      samples: SAMPLES_OF_HISTOGRAM,
    },
  ];
  const exposition = new Exposition({
    aggregator,
    families: families.map(({ series }) => series),
    hostNetns,
  });
  const zeros =
    services === undefined
      ? undefined
      : new Zeros({
          families,
          hostNetns,
          known: services,
          room: () => maxKeys - aggregator.table.size,
        });
  let self: Promise<Registry> | undefined;
  return {
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    async metrics() {
      self ??= createSelfRegistry(input, zeros, build);
      const registry = await self;
      await services?.refresh();
      await exposition.prepare();
      await zeros?.update();
      // Nothing is ingested between the two: all of them speak of the same moment.
      return exposition.text(await registry.metrics());
    },
  };
}

/** Loads prom-client: who asks for no metrics does without. */
async function createSelfRegistry(
  source: MetricsInput,
  zeros: Zeros | undefined,
  build: BuildInfo,
): Promise<Registry> {
  const { default: client } = await import('prom-client');
  const registry = new client.Registry();
  const input = {
    totals: oncePerScrape(() => source.aggregator.totals()),
    state: oncePerScrape(() => source.state()),
  };
  for (const family of selfFamilies) register(client, registry, family, input);
  const { services } = source;
  if (services !== undefined) {
    const known = {
      services: oncePerScrape(() => services.state()),
      zerosOmitted: () => zeros?.omitted ?? 0,
    };
    for (const family of serviceFamilies) register(client, registry, family, known);
  }
  new client.Gauge({
    name: 'ipvscope_build_info',
    help: 'Version, commit, libbpf and Node.js of the running program; always 1.',
    labelNames: ['version', 'commit', 'libbpf', 'node'],
    registers: [registry],
  }).set({ ...build }, 1);
  return registry;
}

/** Keeps what was read until the scrape's own tick is over: prom-client calls every metric in one. */
function oncePerScrape<Value>(read: () => Value): () => Value {
  let kept: { readonly value: Value } | undefined;
  return () => {
    if (kept === undefined) {
      kept = { value: read() };
      queueMicrotask(() => {
        kept = undefined;
      });
    }
    return kept.value;
  };
}
