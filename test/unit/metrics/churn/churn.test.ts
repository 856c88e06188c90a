import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Aggregator } from '../../../../src/aggregate/aggregator.js';
import { createRegistry } from '../../../../src/metrics/registry.js';
import { noSource } from '../../../../src/source/event-source.js';
import { someBuild } from '../../../support/build-info.js';
import { usedBytes } from '../../../support/heap.js';
import { HOST_NETNS } from '../../../support/records.js';
import { Increases } from './increases.js';
import { Traffic } from './traffic.js';

const state = () => noSource;

const MINUTES = 12 * 60;
const WARM_UP = 2 * 60;
const EXPIRE_AFTER = 20 * 60;
/** Of what is in use after the warm-up: the collector's own, and lists that grow by steps. */
const TOLERANCE = 0.05;

const cases = [
  { name: 'room for all', mostSeries: 20_000, overflows: false },
  { name: 'room for half', mostSeries: 4000, overflows: true },
];

for (const { name, mostSeries, overflows } of cases) {
  test(`twelve hours in which everything comes and goes, ${name}`, async () => {
    const aggregator = new Aggregator(mostSeries, EXPIRE_AFTER);
    const registry = createRegistry({ aggregator, state, hostNetns: HOST_NETNS }, someBuild);
    const traffic = new Traffic({ newServers: 300, minutes: 5, serversOfService: 10 });
    const increases = new Increases();
    const arrays = aggregator.byteLength;
    let rowsMost = 0;
    let expired = 0;
    let warm = 0;
    for (let minute = 0; minute < MINUTES; minute++) {
      aggregator.ingest(traffic.minute(minute));
      const text = await registry.metrics();
      // What is between two looks must change nothing: every series is there at one of them at least.
      if (minute % 10 === 9) increases.scrape(String(text));
      await registry.metrics();
      rowsMost = Math.max(
        rowsMost,
        aggregator.table.used.reduce((sum, used) => sum + used, 0),
      );
      expired += aggregator.expire(minute * 60);
      if (minute === WARM_UP) warm = usedBytes();
    }
    const end = usedBytes();

    assert.ok(traffic.keys > 200_000, `${traffic.keys} keys`);
    assert.ok(expired > (overflows ? 50_000 : 200_000), `${expired} rows expired`);
    assert.equal(aggregator.totals().overflow > 0, overflows);
    assert.ok(rowsMost <= aggregator.table.capacity, `${rowsMost} rows at once`);
    assert.ok(aggregator.table.end <= aggregator.table.capacity);
    assert.equal(aggregator.byteLength, arrays);

    assert.deepEqual([...increases.totals].sort(), [...traffic.totals].sort());
    const { rows, packets } = aggregator.snapshot();
    assert.equal(packets, traffic.packets);
    assert.equal(
      rows.reduce((sum, row) => sum + row.packets, 0),
      packets,
    );
    assert.ok(increases.series < aggregator.table.capacity);
    const grown = end / warm - 1;
    assert.ok(Math.abs(grown) < TOLERANCE, `memory in use grew by ${grown * 100} % of ${warm}`);
  });
}
