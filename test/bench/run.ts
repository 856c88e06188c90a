import { Peer } from './peer.js';
import type { Cost } from './protocol.js';
import { type Pair, type Result, summarize } from './results.js';
import type { Row, Rows } from './rows.js';
import { type RowTotals, verify } from './verify.js';
import { FILLS_PER_ROUND, RECORDS_PER_FILL, RECORDS_PER_ROUND } from './workload.js';

export interface Plan {
  readonly rounds: number;
  /** Rounds before those, not measured: V8's compilers see what the code does. */
  readonly warmups: number;
  readonly onProgress: (line: string) => void;
}

export interface RowResult extends Result {
  readonly row: Row;
}

export interface Outcome {
  /** The reference first. */
  readonly results: readonly RowResult[];
  /** Records that every row consumed, those to warm up included. */
  readonly records: number;
  /** Of the table that every aggregating row ended up with. */
  readonly checksum: number;
}

interface Runner {
  readonly row: Row;
  readonly peer: Peer;
  readonly costs: Cost[];
}

/**
 * The benchmark from start to end. Throws an IpvscopeError: ERR_BENCH_PEER when a peer cannot go on,
 * ERR_BENCH_TOTALS when the rows did not count the same.
 */
export async function run({ reference, others }: Rows, plan: Plan): Promise<Outcome> {
  const runners: Runner[] = [];
  try {
    // TypeScript's come up first: they say best what a machine lacks.
    for (const row of [reference, ...others].reverse()) {
      runners.unshift({ row, peer: await Peer.start(row.label, row.command), costs: [] });
    }
    const records = await runRounds(runners, plan);
    const totals: RowTotals[] = [];
    for (const { row, peer } of runners) {
      totals.push({ row, totals: await peer.totals() });
    }
    const checksum = verify(totals, records);
    const references = runners[0]?.costs ?? [];
    const results = runners.map(({ row, costs }) => ({
      row,
      ...summarize(pair(references, costs)),
    }));
    return { results, records, checksum };
  } finally {
    await Promise.all(runners.map(({ peer }) => peer.stop()));
  }
}

/** All rows of a round consume the same records; each round another row begins. */
async function runRounds(runners: readonly Runner[], plan: Plan): Promise<number> {
  const rounds = plan.warmups + plan.rounds;
  for (let number = 0; number < rounds; number++) {
    const measured = number - plan.warmups;
    plan.onProgress(measured < 0 ? 'warming up' : `round ${measured + 1} of ${plan.rounds}`);
    const first = number * RECORDS_PER_ROUND;
    const turn = number % runners.length;
    for (const { peer, costs } of [...runners.slice(turn), ...runners.slice(0, turn)]) {
      const cost = await peer.round({ first, fills: FILLS_PER_ROUND, records: RECORDS_PER_FILL });
      if (measured >= 0) costs.push(cost);
    }
  }
  return rounds * RECORDS_PER_ROUND;
}

function pair(references: readonly Cost[], costs: readonly Cost[]): Pair[] {
  return references.flatMap((reference, round) => {
    const cost = costs[round];
    return cost === undefined ? [] : [{ reference, cost }];
  });
}
