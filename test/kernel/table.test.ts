import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { MonitoredRun } from '../../src/cli/monitored-run.js';
import { kindNames } from '../../src/record/value-names.js';
import { type ObservedEvent, observeBatch, withStage } from '../../src/scenario/index.js';
import { differences } from '../../src/scenario/table/compare-cell.js';
import { formatTable, type Result } from '../../src/scenario/table/format-table.js';
import { cellName, cells, playTable, type TableTrial } from '../../src/scenario/table/table.js';
import { run } from './command.js';

// Everything that the table says, on this kernel: events, packets on each leg, connect times.

before(() => {
  for (const module of ['ip_vs', 'ipip', 'ip6_tunnel', 'sctp']) run('modprobe', module);
});

interface Played extends Pick<TableTrial, 'packetsLost' | 'repeated'> {
  readonly summary: string;
  readonly results: readonly Result[];
}

async function play(): Promise<Played> {
  const events: ObservedEvent[] = [];
  const run = await MonitoredRun.start({
    kinds: kindNames,
    onBatch: (batch, clock) => {
      events.push(...observeBatch(batch, clock.format));
      return undefined;
    },
  });
  const trial = await withStage({}, (stage) => playTable(stage, cells));
  const summary = await run.stop();
  const { packetsLost, repeated } = trial;
  return { summary, results: trial.results(events), packetsLost, repeated };
}

const missedNothing = /nothing lost(?: \(|$)/;
/** By the kernel, which skips a program that an interrupt finds at work on its CPU: seldom, and said. */
const skippedAlone = /LOST \d+ (?:unpaired|missed runs of [^,]+)(?:, \d+ missed runs of [^,]+)*$/;

test('the table of reused ports', async (t) => {
  let played = await play();
  if (skippedAlone.test(played.summary)) {
    t.diagnostic(`played again: ${played.summary}`);
    played = await play();
  }
  const { summary, results, packetsLost, repeated } = played;
  for (const line of repeated) t.diagnostic(line);
  process.stdout.write(`${formatTable(results)}\n`);
  await t.test('nobody who looked missed anything', () => {
    assert.match(summary, missedNothing);
    assert.equal(packetsLost, 0);
  });
  for (const result of results) {
    const skip = 'impossible' in result ? result.impossible : false;
    await t.test(cellName(result.cell), { skip }, () => {
      assert.ok('seen' in result);
      assert.deepEqual([...differences(result.seen)], []);
    });
  }
});
