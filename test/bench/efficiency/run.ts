import { expectedTotals } from '../expected.js';
import { Peer } from '../peer.js';
import { parseTotals, TOTALS } from '../totals.js';
import { verify } from '../verify.js';
import { FILLS_PER_ROUND, KEYS, RECORDS_PER_FILL, RECORDS_PER_ROUND } from '../workload.js';
import { type Cost, formatRound, parseCost } from './protocol.js';
import { type Pair, type Result, summarize } from './results.js';
import type { Row, Rows } from './rows.js';

/** How long to measure. */
export interface Plan {
  readonly rounds: number;
  /** Rounds before those, not measured: V8's compilers see what the code does. */
  readonly warmups: number;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

/** ... and whose they are. */
export interface RowResult extends Result {
  readonly row: Row;
}

interface Runner {
  readonly row: Row;
  readonly peer: Peer;
  /** By round; none where the row did not take part. */
  readonly costs: (Cost | undefined)[];
  /** Records so far. */
  records: number;
}

/**
 * The section from start to end: the reference first. Throws an IpvscopeError: ERR_BENCH_PEER when a
 * peer cannot go on, ERR_BENCH_TOTALS when one counted wrongly.
 */
export async function run({ reference, others }: Rows, plan: Plan): Promise<RowResult[]> {
  const runners: Runner[] = [];
  try {
    // TypeScript's come up first: they say best what a machine lacks.
    for (const row of [reference, ...others].reverse()) {
      const { peer } = await Peer.start(row.label, row.command, plan.signal, JSON.parse);
      runners.unshift({ row, peer, costs: [], records: 0 });
    }
    await runRounds(runners, plan);
    for (const { row, peer, records } of runners) {
      const totals = parseTotals(await peer.ask(TOTALS));
      verify(row.label, row.aggregates, totals, expectedTotals([[0, records]], KEYS));
    }
    const references = runners[0]?.costs ?? [];
    return runners.map(({ row, costs }) => ({ row, ...summarize(pair(references, costs)) }));
  } finally {
    await Promise.all(runners.map(({ peer }) => peer.stop()));
  }
}

/** One after another; each round another row begins. */
async function runRounds(runners: readonly Runner[], plan: Plan): Promise<void> {
  for (let number = 0; number < plan.warmups + plan.rounds; number++) {
    const measured = number - plan.warmups;
    plan.onProgress(
      measured < 0
        ? 'efficiency: warming up'
        : `efficiency: round ${measured + 1} of ${plan.rounds}`,
    );
    const turn = number % runners.length;
    for (const runner of [...runners.slice(turn), ...runners.slice(0, turn)]) {
      if ((measured < 0 ? number : measured) % runner.row.every !== 0) continue;
      const round = { first: runner.records, fills: FILLS_PER_ROUND, records: RECORDS_PER_FILL };
      const cost = parseCost(await runner.peer.ask(formatRound(round)));
      runner.records += RECORDS_PER_ROUND;
      if (measured >= 0) runner.costs[measured] = cost;
    }
  }
}

function pair(
  references: readonly (Cost | undefined)[],
  costs: readonly (Cost | undefined)[],
): Pair[] {
  return references.flatMap((reference, round) => {
    const cost = costs[round];
    return reference === undefined || cost === undefined ? [] : [{ reference, cost }];
  });
}
