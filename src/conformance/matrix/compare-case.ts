import type { IpvsEvent } from '../../record/event.js';
import type { ConnectReply } from '../../testbed/peer-protocol.js';
import type { CaseInstance } from './case-instance.js';
import type { ExpectedEnd, ExpectedEvent, Wait, Which } from './expectation.js';
import type { CaseObservation } from './observation.js';

/**
 * The time between the first and the last connection-opening packet of a wait, in ms. A client's timer
 * counts ticks, of which the first may be nearly over; a retransmit before that came from no timer.
 */
const spans: Readonly<Record<Wait, readonly [number, number]>> = {
  'at once': [0, 900],
  'one second': [980, 1900],
  'three seconds': [2980, 4000],
};

/**
 * Bounds of the client-observed wait: never less than the timer, and not as much as two more copies
 * take. The rest is the delay of a busy machine.
 */
const clientBounds: Readonly<Record<Wait, readonly [number, number]>> = {
  'at once': [0, 3000],
  'one second': [980, 3000],
  'three seconds': [2980, 9000],
};

export const waitMs = ({ startNs, endNs }: ConnectReply): number => (endNs - startNs) / 1e6;

/** As ipvsadm and events call it: a server on the director itself is masqueraded like others. */
const forwardingNames = {
  masquerade: 'masquerade',
  local: 'masquerade',
  direct: 'route',
  tunnel: 'tunnel',
} as const;

/** The client of a dropped packet waits at least this long. */
const LEAST_DELAY_MS = 980;

/** Every difference between the observation of a test case and its expected outcome. */
export function* differences({
  instance,
  events,
  packets,
  spanMs,
  ends,
  problem,
}: CaseObservation): Generator<string> {
  if (problem !== undefined) {
    yield problem;
    return;
  }
  const { expectation } = instance.testCase;
  yield* eventDifferences(
    instance,
    expectation.events,
    events.map(({ event }) => event),
  );
  for (const way of ['in', 'old', 'other'] as const) {
    const stated = expectation.packets[way];
    const wanted = stated === 'events' ? events.length : stated;
    if (packets[way] !== wanted) {
      yield `${packets[way]} packets ${way === 'in' ? 'in' : `to the ${way} server`}, not ${wanted}`;
    }
  }
  if (ends.length !== expectation.ends.length) {
    yield `${ends.length} attempts, not ${expectation.ends.length}`;
  }
  for (const [index, expected] of expectation.ends.entries()) {
    const end = ends[index];
    if (end !== undefined) yield* endDifferences(instance, expected, end);
  }
  const [only, more] = expectation.ends;
  if (only?.outcome === 'connected' && more === undefined) {
    const [least, most] = spans[only.wait];
    if (spanMs < least || spanMs >= most) {
      yield `its opening packets came within ${spanMs.toFixed(0)} ms, not ${only.wait}`;
    }
  }
}

function* eventDifferences(
  instance: CaseInstance,
  expected: readonly ExpectedEvent[],
  seen: readonly IpvsEvent[],
): Generator<string> {
  let next = 0;
  for (const wanted of expected) {
    const event = seen[next];
    if (wanted.times === 'any number') {
      // Nothing has to come.
    } else if (event === undefined) {
      yield `no event ${wanted.kind} ${wanted.verdict}`;
      continue;
    } else {
      const wrong = factDifferences(instance, wanted, event);
      if (wrong.length > 0) {
        yield `event ${next + 1}, ${event.kind} ${event.verdict}: ${wrong.join(', ')}`;
      }
      next++;
    }
    while (wanted.times !== undefined && isAnother(instance, wanted, seen[next])) next++;
  }
  for (const event of seen.slice(next)) yield `one event more, ${event.kind} ${event.verdict}`;
}

const isAnother = (
  instance: CaseInstance,
  wanted: ExpectedEvent,
  event: IpvsEvent | undefined,
): boolean => event !== undefined && factDifferences(instance, wanted, event).length === 0;

/** Compares facts of an event with the expected ones, absent ones included. */
function factDifferences(
  instance: CaseInstance,
  wanted: ExpectedEvent,
  event: IpvsEvent,
): readonly string[] {
  const { service } = instance.testCase;
  const server = (which: Which | undefined): string | undefined =>
    which === undefined ? undefined : nameOf(instance, which);
  const facts: Partial<Record<keyof IpvsEvent, unknown>> = {
    kind: wanted.kind,
    verdict: wanted.verdict,
    opening: wanted.opening,
    destination: server(wanted.destination),
    new_destination: server(wanted.new_destination),
    weight: wanted.weight,
    available: wanted.available,
    cause: wanted.cause,
    expired: wanted.expired,
    drops: wanted.drops,
    virtual: instance.virtual,
    fwmark: instance.mark,
    count: 1,
    ...(wanted.conn_state === undefined ? {} : { conn_state: wanted.conn_state }),
    ...(wanted.conntrack === undefined ? {} : { conntrack: wanted.conntrack }),
    ...(wanted.destination === undefined
      ? {}
      : { forwarding: forwardingNames[service.forwarding] }),
  };
  const wrong = Object.entries(facts)
    .filter(([name, value]) => event[name as keyof IpvsEvent] !== value)
    .map(([name, value]) => `${name} is ${event[name as keyof IpvsEvent]}, not ${value}`);
  const { delay_ms: delay } = event;
  const waits = wanted.kind === 'retry' || wanted.cause === 'unanswered';
  const least = wanted.kind === 'retry' ? LEAST_DELAY_MS : 0;
  if (waits !== (delay !== undefined) || (delay !== undefined && delay < least)) {
    wrong.push(`delay_ms is ${delay}`);
  }
  return wrong;
}

function* endDifferences(
  instance: CaseInstance,
  expected: ExpectedEnd,
  end: ConnectReply,
): Generator<string> {
  if (end.outcome !== expected.outcome) {
    yield `the client: ${end.outcome}, not ${expected.outcome}`;
    return;
  }
  if (expected.outcome !== 'connected') return;
  if (end.server !== nameOf(instance, expected.server)) {
    yield `answered by ${end.server}, not by the ${expected.server} server`;
  }
  const [least, most] = clientBounds[expected.wait];
  const ms = waitMs(end);
  if (ms < least || ms >= most) yield `it took ${ms.toFixed(0)} ms, not ${expected.wait}`;
}

/** With one server only, the old one is chosen again. */
export function nameOf({ servers, old }: CaseInstance, which: Which): string | undefined {
  if (which === 'old') return old?.name;
  return servers.find(({ name }) => name !== old?.name)?.name;
}
