import { Gauge, Registry } from 'prom-client';
import { ConnectDelay } from './connect-delay.js';
import { drainingPackets } from './draining-packets.js';
import { droppedPackets } from './dropped-packets.js';
import { type MetricsInput, register } from './family.js';
import { newConnectionsToDraining } from './new-connections-to-draining.js';
import { openingRetransmits } from './opening-retransmits.js';
import { portReuse } from './port-reuse.js';
import { selfFamilies } from './self.js';

/** Every metric, reading `input` at scrape time. */
export function createRegistry(input: MetricsInput, version: string): Registry {
  const registry = new Registry();
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
