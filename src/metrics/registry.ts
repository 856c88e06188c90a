import { Gauge, Registry } from 'prom-client';
import { ConnectDelay } from './connect-delay.js';
import { drainingPackets } from './draining-packets.js';
import { droppedPackets } from './dropped-packets.js';
import { type MetricsInput, register } from './family.js';
import { newConnectionsToDraining } from './new-connections-to-draining.js';
import { openingRetransmits } from './opening-retransmits.js';
import { portReuse } from './port-reuse.js';
import { selfFamilies } from './self.js';

/** Every metric, reading `source` at scrape time, once for all of them. */
export function createRegistry(source: MetricsInput, version: string): Registry {
  const registry = new Registry();
  const input = {
    snapshot: oncePerScrape(() => source.snapshot()),
    state: oncePerScrape(() => source.state()),
  };
  const families = [
    portReuse,
    newConnectionsToDraining,
    droppedPackets,
    openingRetransmits,
    drainingPackets,
    ...selfFamilies,
  ];
  for (const family of families) register(registry, family, input);
  registry.registerMetric(new ConnectDelay(input));
  new Gauge({
    name: 'ipvscope_build_info',
    help: 'The running version; always 1.',
    labelNames: ['version'],
    registers: [registry],
  }).set({ version }, 1);
  return registry;
}

/**
 * Keeps what was read until the scrape's own tick is over: prom-client calls every metric in one, so
 * that all of them speak of the same moment.
 */
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
