import type { IpvsEvent } from '../../../src/record/event.js';
import type { ObservedEvent } from '../../../src/verify/observed-event.js';
import type { Expected, ExpectedRetry, Ledger } from './ledger.js';
import { name } from './packet-outcomes.js';
import type { Tuple } from './plan.js';

export interface Comparison {
  readonly problems: readonly string[];
  /** Packets whose tuple the probe has evicted, as it must have counted. */
  readonly undetermined: number;
}

/** How much sooner or later than the capture the probe may see a packet. */
const SLACK_MS = 100;

/** Compares the events of each tuple, in the order of time, with what became of its packets. */
export function compareEvents(ledger: Ledger, observed: readonly ObservedEvent[]): Comparison {
  const problems: string[] = [];
  const events = [...observed].sort((a, b) => a.monotonicNs - b.monotonicNs);
  const own = byTuple(events.filter(({ event }) => event.opening && event.kind !== 'retry'));
  const others = byTuple(events.filter(({ event }) => !event.opening));
  const retries = byTuple(events.filter(({ event }) => event.kind === 'retry'));

  let undetermined = 0;
  for (const expected of ledger.expected) {
    const event = take(own, expected.outcome.packet.tuple);
    if (event === undefined) {
      problems.push(`${name(expected.outcome.packet)}: no event (${asExpected(expected)})`);
      continue;
    }
    if (event.kind === 'undetermined') undetermined++;
    problems.push(...differences(expected, event));
  }
  for (const retry of ledger.retries) problems.push(...retryProblems(retry, retries));
  for (const { packet, to } of ledger.draining) {
    const event = take(others, packet.tuple);
    if (event?.kind !== 'draining' || event.verdict !== 'forwarded' || event.destination !== to) {
      problems.push(
        `${name(packet)} went to ${to}: ${event === undefined ? 'no event' : reported(event)}`,
      );
    }
  }
  for (const { packet } of ledger.orphans) {
    const event = take(others, packet.tuple);
    if (event?.kind !== 'orphan' || event.verdict !== 'rejected') {
      const its = event === undefined ? 'no event' : reported(event);
      problems.push(`${name(packet)} found no entry and left for no server: ${its}`);
    }
  }
  for (const [tuple, left] of [...own, ...retries, ...others]) {
    for (const event of left) problems.push(`${tuple}: no packet for ${reported(event)}`);
  }
  return { problems, undetermined };
}

type ByTuple = Map<string, IpvsEvent[]>;

function byTuple(events: readonly ObservedEvent[]): ByTuple {
  const map: ByTuple = new Map();
  for (const { event } of events) {
    const key = `${event.client} > ${event.virtual}`;
    const list = map.get(key);
    if (list === undefined) map.set(key, [event]);
    else list.push(event);
  }
  return map;
}

const take = (events: ByTuple, { client, service }: Tuple): IpvsEvent | undefined =>
  events.get(`${client} > ${service.name}`)?.shift();

function* differences(expected: Expected, event: IpvsEvent): Generator<string> {
  const { outcome, entry, weight, verdicts, kinds } = expected;
  const wrong = (what: string): string =>
    `${name(outcome.packet)}: ${what}: expected ${asExpected(expected)}, reported ${reported(event)}`;
  if (!verdicts.includes(event.verdict)) yield wrong('verdict');
  const isUndetermined = event.kind === 'undetermined';
  if (!isUndetermined && !kinds.includes(event.kind)) yield wrong('kind');
  if (event.destination !== entry) yield wrong('server');
  if (event.verdict === 'rescheduled' && event.new_destination !== outcome.to) {
    yield wrong('new server');
  }
  if (event.verdict !== 'rescheduled' && event.new_destination !== undefined) {
    yield wrong('a new server');
  }
  if (event.available !== (entry === undefined ? undefined : weight !== 'removed')) {
    yield wrong('available');
  }
  if (typeof weight === 'number' && event.weight !== weight) yield wrong('weight');
  if (event.count !== 1) yield wrong('count');
  if (isUndetermined) return;
  if (!waited(event, expected.waitedNs)) yield wrong(`waited ${expected.waitedNs} ns`);
  if (expected.waitedNs !== undefined && event.cause !== 'unanswered') yield wrong('cause');
}

/** Whether the event says that the client waited so long; undefined: not at all. */
function waited({ delay_ms: delay }: IpvsEvent, ns: number | undefined): boolean {
  if (ns === undefined || delay === undefined) return ns === delay;
  return Math.abs(delay - ns / 1e6) < SLACK_MS;
}

function* retryProblems(retry: ExpectedRetry, retries: ByTuple): Generator<string> {
  const { outcome, drops, waitedNs } = retry;
  const event = take(retries, outcome.packet.tuple);
  if (event === undefined) yield `${name(outcome.packet)}: no retry of ${drops} drops`;
  else if (event.drops !== drops || event.verdict !== 'forwarded') {
    yield `${name(outcome.packet)}: ${drops} drops, reported ${reported(event)}`;
  } else if (!waited(event, waitedNs)) {
    yield `${name(outcome.packet)}: waited ${waitedNs} ns, reported ${reported(event)}`;
  }
}

const asExpected = ({ outcome, entry, verdicts, kinds, weight }: Expected): string =>
  `${kinds.join('|')} ${verdicts.join('|')} entry ${entry ?? '-'} weight ${weight ?? '-'} to ${outcome.to ?? '-'}`;

const reported = (event: IpvsEvent): string =>
  `${event.kind} ${event.verdict} entry ${event.destination ?? '-'} weight ${event.weight ?? '-'} to ${event.new_destination ?? '-'} ${event.conn_state} ${event.conntrack} ${event.cause ?? ''} drops ${event.drops ?? '-'} waited ${event.delay_ms ?? '-'} ms`;
