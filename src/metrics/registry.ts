import { Gauge, Registry } from 'prom-client';
import type { Aggregator } from '../aggregate/aggregator.js';
import type { SourceState } from '../source/event-source.js';
import { connectDelay } from './connect-delay.js';
import { CounterSeries } from './counter-series.js';
import { drainingPackets } from './draining-packets.js';
import { droppedPackets } from './dropped-packets.js';
import { Exposition } from './exposition.js';
import { register } from './family.js';
import { HistogramSeries } from './histogram-series.js';
import { missingFixDrops } from './missing-fix-drops.js';
import { newConnectionsToDraining } from './new-connections-to-draining.js';
import { openingRetransmits } from './opening-retransmits.js';
import { portReuse } from './port-reuse.js';
import { selfFamilies } from './self.js';

export interface MetricsInput {
  readonly aggregator: Aggregator;
  state(): SourceState;
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
  missingFixDrops,
];

/**
 * Every metric: the many series of the count table from an Exposition, the few of the tool itself
 * from prom-client.
 */
export function createRegistry(input: MetricsInput, version: string): Metrics {
  const { aggregator } = input;
  const { capacity, delays } = aggregator.table;
  const exposition = new Exposition(aggregator, [
    ...counters.map((family) => new CounterSeries(family, capacity)),
    new HistogramSeries(connectDelay, delays),
  ]);
  const registry = createSelfRegistry(input, version);
  return {
    contentType: registry.contentType,
    async metrics() {
      // Nothing is ingested between the two: all of them speak of the same moment.
      return exposition.text(await registry.metrics());
    },
  };
}

function createSelfRegistry(source: MetricsInput, version: string): Registry {
  const registry = new Registry();
  const input = {
    totals: oncePerScrape(() => source.aggregator.totals()),
    state: oncePerScrape(() => source.state()),
  };
  for (const family of selfFamilies) register(registry, family, input);
  new Gauge({
    name: 'ipvscope_build_info',
    help: 'The running version; always 1.',
    labelNames: ['version'],
    registers: [registry],
  }).set({ version }, 1);
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
