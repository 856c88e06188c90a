import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Flow, fastest, summarize } from './results.js';

/** A round in which `rate` million records a second arrived. */
const flow = (rate: number, { delay = 0, collections = 0 } = {}): Flow => {
  const wallNs = 1e9 / rate;
  return {
    records: 1_000_000,
    wallNs,
    producerNs: wallNs,
    consumerNs: wallNs / 2,
    collections,
    delayNs: wallNs * delay,
  };
};

describe('throughput', () => {
  it('is compared to the reference of the same round', () => {
    const result = summarize([flow(10), flow(20), flow(10)], [flow(9), flow(18), flow(10)]);
    assert.equal(Math.round(result.ratio.median * 1000), 900);
    assert.equal(Math.round(result.recordsPerSecond.median), 10e6);
    assert.equal(result.busy, 0.5);
    assert.equal(Math.round(result.consumerNs), 50);
  });

  it('leaves out rounds in which a CPU was kept from row or reference', () => {
    const result = summarize(
      [flow(10), flow(10, { delay: 0.2 }), flow(10), flow(10)],
      [flow(10), flow(10), flow(1, { delay: 0.2, collections: 3 }), flow(10)],
    );
    assert.deepEqual([result.rounds, result.discarded, result.noisy], [2, 2, false]);
    assert.equal(result.ratio.min, 1);
    assert.equal(result.collections, 7.5);
  });

  it('has the faster of those that only count for a reference', () => {
    const slow = [flow(10), flow(30), flow(10)];
    const fast = [flow(12), flow(12), flow(12)];
    assert.equal(fastest([slow, fast]), fast);
    assert.equal(fastest([fast, slow]), fast);
    assert.throws(() => fastest([]), RangeError);
  });
});
