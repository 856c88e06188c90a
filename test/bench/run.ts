import { IpvscopeError } from '../../src/error.js';
import { Peer } from './peer.js';
import type { Cost, Totals } from './protocol.js';
import { type Result, summarize } from './results.js';
import type { Row, Rows } from './rows.js';
import { FILLS_PER_ROUND, KEYS, RECORDS_PER_FILL, RECORDS_PER_ROUND } from './workload.js';

export interface Plan {
  readonly rounds: number;
  /** Rounds before those, not measured: the compilers of V8 see what the code does. */
  readonly warmups: number;
  readonly onProgress: (line: string) => void;
}

export interface RowResult extends Result {
  readonly row: Row;
}

interface Runner {
  readonly row: Row;
  readonly peer: Peer;
  readonly costs: Cost[];
}

/** The benchmark from start to end. Throws an IpvscopeError, ERR_BENCH_TOTALS if totals differ. */
export async function run({ reference, others }: Rows, plan: Plan): Promise<RowResult[]> {
  const runners: Runner[] = [];
  try {
    // Those whose complaints are the more helpful ones first.
    for (const row of [reference, ...others].reverse()) {
      runners.unshift({ row, peer: await Peer.start(row.label, row.command), costs: [] });
    }
    await runRounds(runners, plan);
    for (const { row, peer } of runners) {
      checkTotals(row, await peer.totals(), plan);
    }
    const compareTo = runners[0]?.costs ?? [];
    return runners.map(({ row, costs }) => ({ row, ...summarize(pair(compareTo, costs)) }));
  } finally {
    await Promise.all(runners.map(({ peer }) => peer.stop()));
  }
}

/** Every round another row begins; all rows of a round see the same records. */
async function runRounds(runners: readonly Runner[], plan: Plan): Promise<void> {
  const all = plan.warmups + plan.rounds;
  for (let number = 0; number < all; number++) {
    plan.onProgress(number < plan.warmups ? 'warming up' : `round ${number + 1 - plan.warmups}`);
    const round = {
      first: number * RECORDS_PER_ROUND,
      fills: FILLS_PER_ROUND,
      records: RECORDS_PER_FILL,
    };
    const turn = number % runners.length;
    for (const { peer, costs } of [...runners.slice(turn), ...runners.slice(0, turn)]) {
      const cost = await peer.round(round);
      if (number >= plan.warmups) costs.push(cost);
    }
  }
}

const pair = (references: readonly Cost[], costs: readonly Cost[]) =>
  references.flatMap((reference, round) => {
    const cost = costs[round];
    return cost === undefined ? [] : [{ reference, cost }];
  });
