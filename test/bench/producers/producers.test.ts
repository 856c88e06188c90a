import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Burst, summarize } from './results.js';

/** Producers that each made 1,000 records at `ns` CPU nanoseconds, with `share` of a CPU. */
const burst = (ns: number, count: number, share = 1): Burst => ({
  cpus: count,
  productions: Array.from({ length: count }, () => ({
    records: 1000,
    startUs: 0,
    wallNs: (ns * 1000) / share,
    cpuNs: ns * 1000,
  })),
});

describe('producers', () => {
  it('are compared with one, of the same round', () => {
    const result = summarize([burst(40, 1), burst(80, 1)], [burst(44, 2), burst(88, 2)]);
    assert.deepEqual(result.ratio, { median: 1.1, min: 1.1, max: 1.1 });
    assert.equal(result.cpuNs.median, 66);
  });

  it('that did not get their CPUs are left out', () => {
    const ones = [burst(40, 1), burst(40, 1, 0.5), burst(40, 1), burst(40, 1)];
    const twos = [burst(40, 2), burst(40, 2), burst(400, 2, 0.8), burst(40, 2)];
    const result = summarize(ones, twos);
    assert.deepEqual([result.rounds, result.discarded, result.ratio.max], [2, 2, 1]);
  });

  it('that share CPUs are not noisy for it', () => {
    const shared = { ...burst(40, 4, 0.5), cpus: 2 };
    assert.equal(summarize([burst(40, 1)], [shared]).noisy, false);
  });
});
