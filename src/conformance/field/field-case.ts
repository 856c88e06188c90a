import type { Outcome } from '../../testbed/connect.js';
import type { ConnectReply } from '../../testbed/peer-protocol.js';
import type { CaseContext } from './case-context.js';
import type { ExpectedEvent } from './expected-events.js';

/** A prerequisite of a case. */
export interface Need {
  /** A kernel module to be loaded. */
  readonly module?: string;
  /** A file that has to be there. */
  readonly file?: string;
  /** What its absence means. */
  readonly reason: string;
}

/** One situation from the field: a small input, and the events that are right for it. */
export interface FieldCase {
  readonly name: string;
  /** The public report: `kubernetes#75262`. */
  readonly report?: string;
  /** What is done. */
  readonly input: string;
  readonly needs?: readonly Need[];
  play(context: CaseContext): Promise<Observation>;
}

/** A check in addition to the events: of metrics, of another session. */
export interface Finding {
  /** What was found. */
  readonly text: string;
  /** What is right, where it is not that. */
  readonly wrong?: string;
}

/** The outcome of a case, and the events that are right for it. */
export interface Observation {
  /** By the independent observers. */
  readonly seen: GroundTruth;
  /** The events that are right: these, and no others. */
  readonly events: readonly ExpectedEvent[];
  /** Compare only the events that `trace` prints by default. */
  readonly byDefault?: true;
  readonly findings?: readonly Finding[];
}

/** What the independent observers saw, in words; and where the input was not established. */
export class GroundTruth {
  readonly phrases: string[] = [];
  readonly spoiled: string[] = [];

  /** Adds a count; `wanted`: the number that the input has to bring about. */
  count(count: number, what: string, wanted?: number): this {
    this.phrases.push(`${count} ${what}`);
    if (wanted !== undefined && wanted !== count) {
      this.spoiled.push(`${count} ${what}, not ${wanted}`);
    }
    return this;
  }

  /** Adds a client-observed outcome, and the outcome that the input has to bring about. */
  connect(reply: ConnectReply, wanted: Outcome, who = 'connect'): this {
    const took = `${((reply.endNs - reply.startNs) / 1e6).toFixed(0)} ms`;
    this.phrases.push(`${who}: ${reply.outcome} after ${took}`);
    if (reply.outcome !== wanted) this.spoiled.push(`${who} ${reply.outcome}, not ${wanted}`);
    return this;
  }

  /** Adds a condition that has to hold. */
  holds(holds: boolean, what: string): this {
    if (holds) this.phrases.push(what);
    else this.spoiled.push(`not: ${what}`);
    return this;
  }
}
