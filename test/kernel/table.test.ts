import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { Observer } from '../../src/cli/observer.js';
import { type ObservedEvent, observeBatch, withStage } from '../../src/scenario/index.js';
import { differences } from '../../src/scenario/table/compare-cell.js';
import { formatTable } from '../../src/scenario/table/format-table.js';
import { cellName, cells, playTable } from '../../src/scenario/table/table.js';
import { kindNames } from '../../src/wire/names.js';
import { run } from './command.js';

// Everything that the table says, on this kernel: events, packets on each leg, connect times.

before(() => {
  for (const module of ['ip_vs', 'ipip', 'ip6_tunnel', 'sctp']) run('modprobe', module);
});

test('the table of reused ports', async (t) => {
  const events: ObservedEvent[] = [];
  const observer = await Observer.start({
    detail: kindNames,
    onBatch: (batch, clock) => events.push(...observeBatch(batch, clock.format)),
  });
  const trial = await withStage({}, (stage) => playTable(stage, cells));
  const summary = await observer.stop();
  const results = trial.results(events);
  process.stdout.write(`${formatTable(results)}\n`);
  await t.test('nobody who looked missed anything', () => {
    assert.match(summary, /nothing lost(?: \(|$)/);
    assert.equal(trial.packetsLost, 0);
  });
  for (const result of results) {
    const skip = 'impossible' in result ? result.impossible : false;
    await t.test(cellName(result.cell), { skip }, () => {
      assert.ok('seen' in result);
      assert.deepEqual([...differences(result.seen)], []);
    });
  }
});
