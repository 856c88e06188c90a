import type { Played } from './played.js';
import type { Stage } from './stage.js';

/** Something that goes wrong, or right, with ip_vs, to be played again and again. */
export interface Scenario {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** Where users told of it: `kubernetes#81775`. */
  readonly report: string;
  /** What happens, phase by phase, one line each. */
  readonly story: readonly string[];
  /**
   * Plays one round. Rounds may follow one another on the same stage; each takes fresh client ports
   * and sets everything else anew.
   *
   * @throws the reason of the stage's signal when that is aborted; an IpvscopeError when the stage
   * breaks. A client's failure to connect is not an error but part of what was played.
   */
  play(stage: Stage): Promise<Played>;
}
