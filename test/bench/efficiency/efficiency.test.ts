import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RECORDS_PER_ROUND } from '../workload.js';
import { figures } from './efficiency.js';
import { formatRound, parseRound } from './protocol.js';
import { type Pair, summarize } from './results.js';
import { makeRows } from './rows.js';

/** A round at `ns` CPU nanoseconds a record that took `stretch` times as long. */
const cost = (ns: number, stretch = 1) => ({
  fillNs: 50 * RECORDS_PER_ROUND,
  cpuNs: ns * RECORDS_PER_ROUND,
  wallNs: ns * RECORDS_PER_ROUND * stretch,
  collections: 1,
});

const rounds = (...costs: readonly ReturnType<typeof cost>[]): Pair[] =>
  costs.map((round) => ({ reference: cost(40), cost: round }));

describe('protocol', () => {
  it('reads its own request, and nothing else', () => {
    const round = { first: 12, fills: 3, records: 30_840 };
    assert.deepEqual(parseRound(formatRound(round)), round);
    assert.equal(parseRound('round 1 2'), undefined);
  });
});

describe('summarize', () => {
  it('discards noisy rounds, yet counts their garbage collections', () => {
    const result = summarize(rounds(cost(80), cost(800, 2), cost(80)));
    assert.deepEqual(result.cpuNs, { median: 80, min: 80, max: 80 });
    assert.equal(result.fillNs.median, 50);
    assert.equal(result.ratio.median, 0.5);
    assert.deepEqual([result.rounds, result.discarded], [2, 1]);
    assert.equal(result.records, 3 * RECORDS_PER_ROUND);
    assert.equal(result.collections, (3 * 1e7) / (3 * RECORDS_PER_ROUND));
  });

  it("discards a round for the reference's noise", () => {
    const pairs = [{ reference: cost(40, 2), cost: cost(90) }, ...rounds(cost(80), cost(80))];
    assert.equal(summarize(pairs).discarded, 1);
  });

  it('says so where most rounds are noisy, and keeps them all', () => {
    const result = summarize(rounds(cost(80, 2), cost(90, 2), cost(100)));
    assert.deepEqual([result.noisy, result.rounds, result.discarded], [true, 3, 0]);
  });
});

describe('figures', () => {
  it('answer the goals from the row that ships', () => {
    const { reference, others } = makeRows({ consumer: 'c', producer: 'p', callback: 'a' });
    const results = [reference, ...others].map((row) => ({
      row,
      ...summarize(rounds(cost(row.id === 'typescript-aggregated' ? 32 : 400))),
    }));
    const { goals } = figures(results);
    assert.deepEqual(goals, { G1: 1.25, G3: 1e7 / RECORDS_PER_ROUND });
    assert.throws(() => figures(results.slice(0, 1)), RangeError);
  });
});
