import type { IpvsEvent } from '../record/event.js';
import { type Played, serverStateAt } from '../testbed/played.js';
import { foundClosed } from './explain-event.js';
import type { Match } from './match.js';

/** What a port's earlier connects left behind in ip_vs. */
export interface PortMemory {
  readonly lastNs: number;
  /** The server of the entry, where it is known. */
  readonly server?: string;
}

export interface ExplainedConnect {
  readonly problems: readonly string[];
  readonly memory: PortMemory;
}

/** From here on a connect is slow: it lost a packet. */
const SLOW_MS = 800;
/** A copy may come this much before its time: the client's clock starts before the first one. */
const EARLY_MS = 100;
/** ... and a connect may end this much after the copy that got through. */
const LATE_MS = 600;
/** A dropped packet's client waits for its next copy at least this long. */
const LEAST_WAIT_MS = 900;
/** ip_vs expires no entry earlier: CLOSE lives 10 s, every other state longer. */
const ENTRY_LIFE_MS = 9_000;

/** Verifies that a connect and its events account for each other. */
export function explainConnect(
  played: Played,
  match: Match,
  before: PortMemory | undefined,
): ExplainedConnect {
  const { connect } = match;
  const events = match.events.map(({ event }) => event);
  const problems = [
    ...orderProblems(match, before),
    ...routeProblems(events, before),
    ...(connect.outcome === 'connected'
      ? successProblems(played, match)
      : failureProblems(played, match, before)),
  ];
  const last = events.at(-1);
  const server = connect.server ?? (last && sentTo(last));
  return {
    problems,
    memory: { lastNs: connect.endNs, ...(server === undefined ? {} : { server }) },
  };
}

/** The server that got the packet; undefined where none did. */
function sentTo(event: IpvsEvent): string | undefined {
  switch (event.verdict) {
    case 'forwarded':
      return event.destination;
    case 'rescheduled':
      return event.new_destination;
    default:
      return undefined;
  }
}

/** A reused port has an event at once, an unused one has none, and copies follow the first packet. */
function* orderProblems(
  { connect, events }: Match,
  before: PortMemory | undefined,
): Generator<string> {
  const [first] = events;
  if (first === undefined) {
    if (before !== undefined && connect.startNs - before.lastNs < ENTRY_LIFE_MS * 1e6) {
      yield 'its port was used before, yet no event';
    }
    return;
  }
  if (before === undefined && !['retransmit', 'unscheduled'].includes(first.event.kind)) {
    yield `its port was never used, yet ${first.event.kind}`;
  }
  const isLate = (ns: number): boolean => ns - connect.startNs >= LEAST_WAIT_MS * 1e6;
  if (first.event.kind === 'retransmit' && (before !== undefined || !isLate(first.monotonicNs))) {
    yield 'its first packet was seen as sent again';
  }
  for (const [index, { event, monotonicNs }] of events.entries()) {
    const previous = events[index - 1];
    if (previous === undefined) continue;
    const waited = monotonicNs - previous.monotonicNs >= LEAST_WAIT_MS * 1e6;
    if (!waited && !isAnsweredByReset(previous.event, event)) {
      yield 'two packets, and the client sent only one by then';
    }
    if (event.kind === 'reuse' && !foundClosed(event)) {
      yield `a copy of its packet was seen as reuse in state ${event.conn_state}`;
    }
  }
}

/**
 * A server that still has the port's old connection answers a SYN with a challenge ACK; the client
 * resets that connection, which closes the entry, and retransmits its SYN without waiting.
 */
function isAnsweredByReset(earlier: IpvsEvent, later: IpvsEvent): boolean {
  return (
    earlier.verdict === 'forwarded' &&
    earlier.conn_state !== 'CLOSE' &&
    later.conn_state === 'CLOSE'
  );
}

/**
 * Each packet matches the entry that the previous one left. A dropped one leaves the entry it matched,
 * or none; the entry that a copy without event then made is not known, and only its own copies match it.
 */
function* routeProblems(
  events: readonly IpvsEvent[],
  before: PortMemory | undefined,
): Generator<string> {
  let entry = before?.server;
  let previous: IpvsEvent | undefined;
  for (const event of events) {
    if (previous?.verdict === 'dropped' && event.kind === 'retransmit') entry = undefined;
    if (entry !== undefined && event.destination !== entry) {
      yield `${event.verdict} from ${event.destination}, but its entry was for ${entry}`;
    }
    entry = event.verdict === 'dropped' ? event.destination : sentTo(event);
    previous = event;
  }
}

function* successProblems(played: Played, { connect, events }: Match): Generator<string> {
  const last = events.at(-1)?.event;
  const to = last && sentTo(last);
  if (connect.server === undefined) {
    yield 'no server said its name';
  } else if (!played.states.some(({ server }) => server === connect.server)) {
    yield `answered by ${connect.server}, which is no server of the round`;
  } else if (to !== undefined && to !== connect.server) {
    yield `answered by ${connect.server}, but the packet went to ${to}`;
  }
  if (last !== undefined && !['forwarded', 'rescheduled', 'dropped'].includes(last.verdict)) {
    yield `connected, but its packet was ${last.verdict}`;
  }

  const lost = events.filter(
    ({ event }) => event.verdict === 'dropped' || event.kind === 'retransmit',
  );
  const copies = lost.length + (connect.lostElsewhere ? 1 : 0);
  // If every captured packet has its reason, the machine accounts for the rest of the time.
  const accounted = packetsSeen(played, connect) === lost.length + 1;
  if (copies === 0) {
    if (connect.connectMs >= SLOW_MS && !accounted) yield 'slow, and no event says why';
    return;
  }
  const due = played.copiesMs[copies] ?? Number.POSITIVE_INFINITY;
  const late = connect.connectMs > due + LATE_MS && !accounted;
  if (connect.connectMs < due - EARLY_MS || late) {
    yield `with ${copies} packets lost it should have taken about ${due} ms`;
  }
  for (const { event, monotonicNs } of events) {
    if (event.verdict === 'dropped' && connect.endNs - monotonicNs < LEAST_WAIT_MS * 1e6) {
      yield 'connected right after a packet that was dropped';
    }
  }
}

/** Captured connection-opening packets of the connect; undefined without captures. */
function packetsSeen({ captures }: Played, { client, startNs, endNs }: Match['connect']) {
  return captures?.client.filter(
    (packet) =>
      packet.client === client && packet.monotonicNs >= startNs && packet.monotonicNs <= endNs,
  ).length;
}

function* failureProblems(
  played: Played,
  { connect, events }: Match,
  before: PortMemory | undefined,
): Generator<string> {
  if (connect.server !== undefined) yield `failed, yet ${connect.server} answered`;
  if (connect.outcome !== 'timeout') {
    if (!events.some(({ event }) => event.verdict === 'rejected')) yield 'no event says why';
    return;
  }
  if (events.length === 0) yield 'no event says why';
  for (const { event, monotonicNs } of events) {
    const to = sentTo(event);
    if (to === undefined) {
      if (event.verdict !== 'dropped') yield `timed out, but its packet was ${event.verdict}`;
    } else if (serverStateAt(played.states, to, monotonicNs)?.answers !== false) {
      yield `timed out, but its packet went to ${to}, which answers`;
    }
  }
  const copies = played.copiesMs.filter((ms) => ms + EARLY_MS < connect.connectMs).length;
  // The first packet from an unused port makes an entry instead of finding one.
  const seen = before === undefined ? copies - 1 : copies;
  if (events.length !== seen) {
    yield `its ${copies} packets should have made ${seen} events, not ${events.length}`;
  }
}
