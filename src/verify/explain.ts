import type { IpvsEvent } from '../record/event.js';
import type { Connect } from '../testbed/connect.js';
import type { Played } from '../testbed/played.js';
import { explainConnect, type PortMemory } from './explain-connect.js';
import { eventProblems } from './explain-event.js';
import type { Match } from './match.js';
import type { ObservedEvent } from './observed-event.js';

export interface Explanation {
  /** Inconsistencies, one line each; none: everything is explained. */
  readonly problems: readonly string[];
  /** Every connect of the round. */
  readonly matches: readonly Match[];
}

/** Whether an event is about a connection-opening packet of this round's director. */
export const isOfRound = (played: Played, event: IpvsEvent): boolean =>
  event.netns === played.netns && event.opening;

/**
 * Verifies the probe's events against the client-observed connects of the same round. Strict in both
 * directions: every connect that failed, was slow or reused a port must be explained by events, and
 * every event must belong to one connect and be true of it. Events of other namespaces, and of packets
 * that open no connection, are ignored.
 */
export function explain(played: Played, events: readonly ObservedEvent[]): Explanation {
  const connects = [...played.connects].sort((a, b) => a.startNs - b.startNs);
  const matches: { connect: Connect; events: ObservedEvent[] }[] = connects.map((connect) => ({
    connect,
    events: [],
  }));
  const problems: string[] = [];

  const all = events.filter(({ event }) => isOfRound(played, event));
  // A retry is an event in addition to its packet's own, after those of the dropped copies.
  const ours = all.filter(({ event }) => event.kind !== 'retry');
  for (const observed of [...ours].sort((a, b) => a.monotonicNs - b.monotonicNs)) {
    const { event, monotonicNs } = observed;
    problems.push(...eventProblems(played, observed));
    if (event.client === undefined) {
      problems.push(`${event.count} ${event.kind} events came without their client`);
      continue;
    }
    const fitting = matches.filter(({ connect }) => isDuring(connect, event, monotonicNs));
    if (fitting.length !== 1) {
      const count = fitting.length === 0 ? 'no connect' : `${fitting.length} connects`;
      problems.push(`${describe(event)} lies in ${count} of ${event.client}`);
    }
    fitting[0]?.events.push(observed);
  }

  for (const { event, monotonicNs } of all.filter(({ event }) => event.kind === 'retry')) {
    const match = matches.find(({ connect }) => isDuring(connect, event, monotonicNs));
    if (!match?.events.some((earlier) => earlier.event.verdict === 'dropped')) {
      problems.push(`${describe(event)} follows no dropped packet of a connect`);
    }
  }

  const memories = new Map<string, PortMemory>();
  for (const match of matches) {
    const { client } = match.connect;
    const explained = explainConnect(played, match, memories.get(client));
    problems.push(
      ...explained.problems.map((problem) => `${describeConnect(match.connect)}: ${problem}`),
    );
    memories.set(client, explained.memory);
  }
  return { problems, matches };
}

const isDuring = (connect: Connect, { client }: IpvsEvent, monotonicNs: number): boolean =>
  connect.client === client && connect.startNs <= monotonicNs && monotonicNs <= connect.endNs;

/** `reuse forwarded 10.0.1.2:40001` */
export const describe = (event: IpvsEvent): string =>
  `${event.kind} ${event.verdict} ${event.client ?? ''}`.trimEnd();

const describeConnect = (connect: Connect): string =>
  `${connect.phase} ${connect.client} (${connect.outcome}, ${connect.connectMs.toFixed(0)} ms)`;
