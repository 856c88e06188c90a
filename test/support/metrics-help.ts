import { Aggregator } from '../../src/aggregate/aggregator.js';
import { createRegistry } from '../../src/metrics/registry.js';
import { ServiceTable } from '../../src/services/service-table.js';
import { noSource } from '../../src/source/event-source.js';
import { someBuild } from './build-info.js';
import { HOST_NETNS } from './records.js';

/** The HELP line of every metric that a monitor exports, as it is exposed. */
export async function metricsHelp(): Promise<readonly string[]> {
  const registry = createRegistry(
    {
      aggregator: new Aggregator(),
      state: () => noSource,
      hostNetns: HOST_NETNS,
      services: new ServiceTable({ root: '/nowhere' }),
    },
    someBuild,
  );
  const lines = String(await registry.metrics()).split('\n');
  return lines.filter((line) => line.startsWith('# HELP '));
}
