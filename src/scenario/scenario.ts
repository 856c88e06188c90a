import type { IpvsEvent } from '../record/event.js';
import type { KindName } from '../record/value-names.js';
import type { Played } from '../testbed/played.js';
import type { Testbed } from '../testbed/testbed.js';
import type { ObservedEvent } from '../verify/observed-event.js';

export interface Judgement {
  /** For people: what was played, what was seen, and what does not fit. */
  readonly report: string;
  /** Whether all of it fits together. */
  readonly fits: boolean;
}

/** What was played, ready to be held against what the probe saw of it meanwhile. */
export interface Trial {
  /** The round, where it is one of connects and events that explain each other. */
  readonly played?: Played;
  judge(events: readonly ObservedEvent[]): Judgement;
}

/** A `trace` that runs beside. */
export interface TraceBeside {
  /** Ends it as Ctrl-C does; what it printed, a line an event, and its exit code. */
  end(): Promise<{ readonly lines: readonly string[]; readonly code: number | null }>;
}

/** What a scenario may ask of the probe that watches it. */
export interface Watcher {
  /** Delivers what is waiting, so that the metrics have it. */
  flush(): void;
  /** As /metrics prints them now. */
  metrics(): Promise<string>;
  /** Packets that have no record, of any cause, until now. */
  lost(): number;
  /** Whether `trace` prints such an event unless told otherwise. */
  isDefault(event: IpvsEvent): boolean;
  /** Starts `ipvscope trace -o json` with these arguments; resolves once it is attached. */
  trace(args: readonly string[]): Promise<TraceBeside>;
}

export interface PlayOptions {
  readonly watcher: Watcher;
  /** Which of the scenario's cases are wanted; absent: all. */
  readonly cases?: readonly string[];
}

/** Something that goes wrong, or right, with ip_vs, to be played again and again. */
export interface Scenario {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** Where users told of it: `kubernetes#81775`. */
  readonly report?: string;
  /** What happens, phase by phase, one line each. */
  readonly description: readonly string[];
  /** Whether it captures packets in any case. */
  readonly capturesPackets?: true;
  /** Kinds of events that it wants packet by packet; without, every kind but `draining`. */
  readonly detail?: readonly KindName[];
  /** Its report has the events: nobody wants to read them one by one. */
  readonly quiet?: true;
  /** Names of its cases, where one may be played without the others. */
  readonly cases?: readonly string[];
  /**
   * Plays one round. Rounds may follow one another on the same testbed; each takes fresh client ports
   * and sets everything else anew.
   *
   * @throws the reason of the testbed's signal when that is aborted; an IpvscopeError when the testbed
   * breaks. A client's failure to connect is not an error but part of what was played.
   */
  play(testbed: Testbed, options: PlayOptions): Promise<Trial>;
}
