import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { RecordPump } from '../../../src/native/record-pump.js';
import { batchOf } from '../../support/records.js';

/** A kernel with so many batches in its rings and in its tables, and clocks that the test moves. */
function kernel(context: TestContext, take: () => Promise<void> | undefined) {
  context.mock.timers.enable({ apis: ['setInterval'] });
  const now = { ring: 0, aggregated: 0, delivered: 0 };
  const next = (store: 'ring' | 'aggregated'): number => (now[store] > 0 ? now[store]-- : 0);
  const pump = new RecordPump(
    {
      batch: batchOf({}),
      drain: () => (next('ring') > 0 ? 1 : 0),
      rearm: () => now.ring === 0,
      readAggregates: () => (next('aggregated') > 0 ? 1 : 0),
      hasAggregates: () => now.aggregated > 0,
    },
    () => {
      now.delivered++;
      return take();
    },
  );
  return { now, pump, pass: (ms: number) => context.mock.timers.tick(ms) };
}

test('delivers all there is when the kernel wakes, and polls while records arrive', (context) => {
  const { now, pump, pass } = kernel(context, () => undefined);
  now.ring = 3;
  pump.wake();
  assert.equal(now.delivered, 3);
  now.ring = 2;
  pass(40);
  assert.equal(now.delivered, 5);
  now.aggregated = 2;
  pass(40);
  assert.equal(now.delivered, 5);
  pass(1000);
  assert.equal(now.delivered, 7);
  pump.stop();
});

test('a receiver that is held gets nothing until it is released', async (context) => {
  let more: (() => void) | undefined;
  let full = true;
  const { now, pump, pass } = kernel(context, () => {
    if (!full) return undefined;
    return new Promise((resolve) => {
      more = resolve;
    });
  });
  now.ring = 5;
  now.aggregated = 2;
  pump.wake();
  assert.equal(now.delivered, 1);
  pump.wake();
  pass(10_000);
  assert.equal(now.delivered, 1);
  full = false;
  more?.();
  await Promise.resolve();
  await Promise.resolve();
  assert.equal(now.delivered, 5, 'the rest of the rings at once');
  pass(1_000);
  assert.equal(now.delivered, 7, 'and what was aggregated');
  pump.stop();
});

test('stopped while held: nothing is delivered any more', async (context) => {
  let more: (() => void) | undefined;
  const { now, pump, pass } = kernel(
    context,
    () =>
      new Promise((resolve) => {
        more = resolve;
      }),
  );
  now.ring = 5;
  pump.wake();
  pump.stop();
  more?.();
  await Promise.resolve();
  pass(10_000);
  assert.equal(now.delivered, 1);
});
