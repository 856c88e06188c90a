import { explain } from './explain.js';
import type { Played } from './played.js';
import { formatReport } from './report.js';
import type { Trial } from './scenario.js';
import { compareWitness } from './witness-compare.js';

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
