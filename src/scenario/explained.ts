import type { Played } from '../testbed/played.js';
import { compareCaptures } from '../verify/compare-captures.js';
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
    const capture =
      played.captures === undefined ? undefined : compareCaptures(played, played.captures, events);
    return {
      report: formatReport({
        played,
        events,
        explanation,
        ...(capture === undefined ? {} : { capture }),
      }),
      fits: explanation.problems.length === 0 && (capture?.problems.length ?? 0) === 0,
    };
  },
});
