import type { Findings } from './section.js';

/** What was measured on; what is no goal. */
export type RunContext = Readonly<Record<string, string | number>>;

/**
 * One object: first every goal's figure by its name, plain numbers, nothing rounded; then `context`,
 * which has all else. Throws a RangeError for a figure that is no number, or found twice.
 */
export function formatGoals(findings: readonly Findings[], context: RunContext): string {
  const goals: Record<string, number> = {};
  for (const [name, figure] of findings.flatMap((found) => Object.entries(found.goals))) {
    if (!Number.isFinite(figure)) throw new RangeError(`${name} is ${figure}`);
    if (name in goals) throw new RangeError(`${name} was found twice`);
    goals[name] = figure;
  }
  const sorted = Object.fromEntries(Object.entries(goals).sort(([a], [b]) => (a < b ? -1 : 1)));
  const others = Object.assign({}, ...findings.map((found) => found.others));
  return `${JSON.stringify({ ...sorted, context: { ...context, ...others } }, undefined, 2)}\n`;
}
