import type { CapturedPacket, Captures } from '../testbed/captures.js';
import type { Played } from '../testbed/played.js';
import { describe, isOfRound } from './explain.js';
import type { ObservedEvent } from './observed-event.js';

/** Two clocks may differ by this: one has microseconds, and they are read one after the other. */
const SLACK_NS = 1e6;

/** One line of the comparison: packets captured by tcpdump, and the events about them. */
export interface CaptureRow {
  /** `in`, a server's name, `not forwarded`. */
  readonly what: string;
  /** Connection-opening packets that tcpdump captured. */
  readonly captured: number;
  /** Those of them that have an event. */
  readonly withEvent: number;
  /** The sum of the events themselves. */
  readonly events: number;
}

export interface CaptureReport {
  readonly rows: readonly CaptureRow[];
  readonly problems: readonly string[];
}

/** A connection-opening packet that arrived, and what became of it. */
interface Passage {
  readonly packet: CapturedPacket;
  readonly to: string[];
  event?: ObservedEvent;
}

/**
 * Compares every connection-opening packet that tcpdump captured at the director with the probe's
 * events. A packet with an event went where the event says; one without was sent to a server (it made
 * a new entry). No packet and no event is left over.
 */
export function compareCaptures(
  played: Played,
  captures: Captures,
  observed: readonly ObservedEvent[],
): CaptureReport {
  const problems: string[] = [];
  if (captures.lost > 0) problems.push(`tcpdump lost ${captures.lost} packets`);
  if (Math.abs(captures.clockStepMs) > 1) {
    problems.push(
      `the wall clock was set by ${captures.clockStepMs.toFixed(1)} ms during the round`,
    );
  }
  const passages = captures.client.map((packet): Passage => ({ packet, to: [] }));
  addServers(passages, captures, problems);

  // A retry is an event in addition to its packet's own; one without a client stands for several packets.
  const events = observed.filter(
    ({ event }) => isOfRound(played, event) && event.kind !== 'retry' && event.client !== undefined,
  );
  addEvents(passages, events, problems);
  for (const passage of passages) problems.push(...passageProblems(passage));
  problems.push(...clientProblems(passages, events));
  return { rows: rowsOf(passages, events, Object.keys(captures.servers)), problems };
}

/** The n-th copy on a server's interface is the latest one that had arrived by then. */
function addServers(passages: readonly Passage[], captures: Captures, problems: string[]): void {
  for (const [server, packets] of Object.entries(captures.servers)) {
    for (const out of packets) {
      const passage = passages.findLast(
        ({ packet }) =>
          packet.client === out.client &&
          packet.sequence === out.sequence &&
          packet.monotonicNs <= out.monotonicNs,
      );
      if (passage === undefined)
        problems.push(`${name(out)} was sent to ${server} but never arrived`);
      passage?.to.push(server);
    }
  }
}

/** The probe sees a packet after tcpdump has, and before the client can send its next one. */
function addEvents(
  passages: readonly Passage[],
  events: readonly ObservedEvent[],
  problems: string[],
): void {
  for (const observed of events) {
    const passage = passages.findLast(
      ({ packet }) =>
        packet.client === observed.event.client &&
        packet.monotonicNs <= observed.monotonicNs + SLACK_NS,
    );
    if (passage === undefined) {
      problems.push(`${describe(observed.event)}: no such packet arrived`);
    } else if (passage.event !== undefined) {
      problems.push(`${describe(observed.event)}: ${name(passage.packet)} has an event already`);
    } else {
      passage.event = observed;
    }
  }
}

function* passageProblems({ packet, to, event: observed }: Passage): Generator<string> {
  const went = to.length === 0 ? 'was not forwarded' : `went to ${to.join(' and ')}`;
  if (observed === undefined) {
    if (to.length !== 1) yield `${name(packet)} has no event and ${went}`;
    return;
  }
  const { event } = observed;
  const said = saidTo(observed);
  if (to.length > 1 || to[0] !== said) {
    yield `${describe(event)} says ${said ?? 'not forwarded'}, ${name(packet)} ${went}`;
  }
}

/** The server that the event names as the packet's; undefined: none. */
function saidTo({ event }: ObservedEvent): string | undefined {
  switch (event.verdict) {
    case 'forwarded':
      return event.destination ?? '?';
    case 'rescheduled':
      return event.new_destination ?? '?';
    default:
      return undefined;
  }
}

/** The same by counts, which do not depend on how packets and events were paired. */
function* clientProblems(
  passages: readonly Passage[],
  events: readonly ObservedEvent[],
): Generator<string> {
  const clients = new Set([
    ...passages.map(({ packet }) => packet.client),
    ...events.flatMap(({ event }) => event.client ?? []),
  ]);
  for (const client of clients) {
    const unforwarded = passages.filter(
      ({ packet, to }) => packet.client === client && to.length === 0,
    ).length;
    const dropped = events.filter(
      (observed) => observed.event.client === client && saidTo(observed) === undefined,
    ).length;
    if (unforwarded !== dropped) {
      yield `${client}: ${unforwarded} packets not forwarded, ${dropped} reported as dropped`;
    }
  }
}

function rowsOf(
  passages: readonly Passage[],
  events: readonly ObservedEvent[],
  servers: readonly string[],
): readonly CaptureRow[] {
  const row = (
    what: string,
    is: (to: readonly string[]) => boolean,
    says: (to: string | undefined) => boolean,
  ): CaptureRow => {
    const captured = passages.filter(({ to }) => is(to));
    return {
      what,
      captured: captured.length,
      withEvent: captured.filter(({ event }) => event !== undefined).length,
      events: events.filter((observed) => says(saidTo(observed))).length,
    };
  };
  return [
    row(
      'in',
      () => true,
      () => true,
    ),
    ...servers.map((server) =>
      row(
        server,
        (to) => to.includes(server),
        (to) => to === server,
      ),
    ),
    row(
      'not forwarded',
      (to) => to.length === 0,
      (to) => to === undefined,
    ),
  ];
}

const name = ({ client, sequence }: CapturedPacket): string => `SYN ${client} seq ${sequence}`;
