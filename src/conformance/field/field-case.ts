import type { Outcome } from '../../testbed/connect.js';
import type { ConnectReply } from '../../testbed/peer-protocol.js';
import type { CaseContext } from './case-context.js';
import type { ExpectedEvent } from './expected-events.js';

/** Something that this kernel has to have. */
export interface Need {
  /** A kernel module to be loaded. */
  readonly module?: string;
  /** A file that has to be there. */
  readonly file?: string;
  /** What its absence means. */
  readonly reason: string;
}

/** One situation from the field: a small input, and what is right to be told of it. */
export interface FieldCase {
  readonly name: string;
  /** Who told of it. */
  readonly report?: string;
  /** What is done. */
  readonly input: string;
  readonly needs?: readonly Need[];
  play(context: CaseContext): Promise<Observation>;
}

/** Beside the events: metrics, another session. */
export interface Finding {
  /** What was found. */
  readonly text: string;
  /** What is right, where it is not that. */
  readonly wrong?: string;
}

/** What came of a case, as far as it does not depend on the probe. */
export interface Observation {
  /** By the independent observers. */
  readonly seen: GroundTruth;
  /** The events that are right: these, and no others. */
  readonly events: readonly ExpectedEvent[];
  /** Only what `trace` prints unless told otherwise is held against them. */
  readonly byDefault?: true;
  readonly findings?: readonly Finding[];
}

/** What the independent observers saw, in words; and where the input did not come about. */
export class GroundTruth {
  readonly phrases: string[] = [];
  readonly spoiled: string[] = [];

  /** So many of something; where the input has to bring about a certain number, that. */
  count(count: number, what: string, wanted?: number): this {
    this.phrases.push(`${count} ${what}`);
    if (wanted !== undefined && wanted !== count) {
      this.spoiled.push(`${count} ${what}, not ${wanted}`);
    }
    return this;
  }

  /** How a client fared, and how it has to. */
  connect(reply: ConnectReply, wanted: Outcome, who = 'connect'): this {
    const took = `${((reply.endNs - reply.startNs) / 1e6).toFixed(0)} ms`;
    this.phrases.push(`${who}: ${reply.outcome} after ${took}`);
    if (reply.outcome !== wanted) this.spoiled.push(`${who} ${reply.outcome}, not ${wanted}`);
    return this;
  }

  /** Something that has to be so. */
  holds(holds: boolean, what: string): this {
    if (holds) this.phrases.push(what);
    else this.spoiled.push(`not: ${what}`);
    return this;
  }
}
