import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { MonitoredRun } from '../../src/cli/support/monitored-run.js';
import { differences } from '../../src/conformance/matrix/compare-case.js';
import { formatMatrix } from '../../src/conformance/matrix/format-matrix.js';
import {
  caseName,
  type MatrixResult,
  playMatrix,
  testCases,
} from '../../src/conformance/matrix/matrix.js';
import { kindNames } from '../../src/record/value-names.js';
import { withTestbed } from '../../src/testbed/testbed.js';
import { type ObservedEvent, observeBatch } from '../../src/verify/observed-event.js';
import { run } from './command.js';

// The whole test matrix on this kernel: events, packets on each interface, connect times.

before(() => {
  for (const module of ['ip_vs', 'ipip', 'ip6_tunnel', 'sctp']) run('modprobe', module);
});

interface Played extends MatrixResult {
  readonly summary: string;
}

async function play(): Promise<Played> {
  const events: ObservedEvent[] = [];
  const monitored = await MonitoredRun.start({
    kinds: kindNames,
    onBatch: (batch, clock) => {
      events.push(...observeBatch(batch, clock.format));
      return undefined;
    },
  });
  const recorder = {
    events: () => {
      monitored.monitor.flush();
      return events;
    },
  };
  const result = await withTestbed({}, (testbed) => playMatrix(testbed, testCases, recorder));
  const summary = await monitored.stop();
  return { summary, ...result };
}

const missedNothing = /nothing lost(?: \(|$)/;
/** By the kernel, which skips a program that an interrupt finds running on its CPU: seldom, and counted. */
const skippedAlone = /LOST \d+ (?:unpaired|skipped runs of [^,]+)(?:, \d+ skipped runs of [^,]+)*$/;

test('the table of reused ports', async (t) => {
  let played = await play();
  if (skippedAlone.test(played.summary)) {
    t.diagnostic(`played again: ${played.summary}`);
    played = await play();
  }
  const { summary, results, packetsLost, repeated } = played;
  for (const line of repeated) t.diagnostic(line);
  process.stdout.write(`${formatMatrix(results)}\n`);
  await t.test('neither the probe nor tcpdump missed anything', () => {
    assert.match(summary, missedNothing);
    assert.equal(packetsLost, 0);
  });
  for (const result of results) {
    const skip = 'impossible' in result ? result.impossible : false;
    await t.test(caseName(result.testCase), { skip }, () => {
      assert.ok('seen' in result);
      assert.deepEqual([...differences(result.seen)], []);
    });
  }
});
