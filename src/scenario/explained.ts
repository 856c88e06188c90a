import type { Played } from '../testbed/played.js';
import { compareWitness } from '../verify/compare-captures.js';
import { explain } from '../verify/explain.js';
import { formatReport } from '../verify/report.js';
import type { Trial } from './scenario.js';

/**
 * A round whose connects and events have to explain each other, in both directions; and so have the
 * captures, where there are any.
 */
export const explained = (played: Played): Trial => ({
  played,
  judge(events) {
    const explanation = explain(played, events);
    const witness =
      played.captures === undefined ? undefined : compareWitness(played, played.captures, events);
    return {
      report: formatReport({
        played,
        events,
        explanation,
        ...(witness === undefined ? {} : { witness }),
      }),
      fits: explanation.problems.length === 0 && (witness?.problems.length ?? 0) === 0,
    };
  },
});
