import type { Context, Findings, Section } from '../section.js';
import { formatReport } from './report.js';
import { makeRows } from './rows.js';
import { type Plan, type RowResult, run } from './run.js';

/** 120 rounds are 11 million records a row: G3 asks for 10 million. */
const ROUNDS = 120;

/** CPU time a record of consumers that never wait (G1), and their garbage collections (G3). */
export const efficiency: Section = {
  name: 'efficiency',
  title: 'CPU time that a record takes from the ring to a counter',
  async run({ quick, rounds, programs, signal, onProgress }: Context): Promise<Findings> {
    const plan: Plan = {
      rounds: rounds ?? (quick ? 4 : ROUNDS),
      warmups: quick ? 2 : 8,
      signal,
      onProgress,
    };
    const results = await run(makeRows(programs), plan);
    return { text: formatReport(results, plan), ...figures(results) };
  },
};

/** G1 and G3 measure how `serve` counts; the per-event records of `trace` stand beside them. */
export function figures(results: readonly RowResult[]): Omit<Findings, 'text'> {
  const find = (id: string): RowResult => {
    const result = results.find(({ row }) => row.id === id);
    if (result === undefined) throw new RangeError(`no row ${id}`);
    return result;
  };
  const batch = find('typescript-batch');
  const aggregated = find('typescript-aggregated');
  return {
    goals: { G1: aggregated.ratio.median, G3: aggregated.collections },
    others: { 'G1 per event': batch.ratio.median, 'G3 per event': batch.collections },
  };
}
