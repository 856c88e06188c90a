import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Aggregator } from '../../../src/aggregate/aggregator.js';
import { createRegistry } from '../../../src/metrics/registry.js';
import { ServiceTable } from '../../../src/services/service-table.js';
import { noSource } from '../../../src/source/event-source.js';
import { someBuild } from '../../support/build-info.js';
import { HOST_NETNS } from '../../support/records.js';

const registry = createRegistry(
  {
    aggregator: new Aggregator(),
    state: () => noSource,
    hostNetns: HOST_NETNS,
    services: new ServiceTable({ root: '/nowhere' }),
  },
  someBuild,
);
const text = String(await registry.metrics());
const names = [...text.matchAll(/^# HELP (\S+)/gm)].map(([, name]) => name ?? '').sort();

for (const document of ['docs/metrics.md']) {
  test(`${document} has every metric, and no other`, () => {
    const rows = readFileSync(new URL(`../../../../${document}`, import.meta.url), 'utf8')
      .split('\n')
      .filter((line) => /^\| `ipvs(cope)?_/.test(line))
      .map((line) => line.split('|')[1] ?? '');
    const documented = rows.flatMap((cell) =>
      [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name),
    );
    assert.deepEqual(documented.sort(), names);
  });
}
