import type { ObservedEvent } from '../../../src/scenario/observed-event.js';
import type { IpvsEvent } from '../../../src/wire/event.js';
import { name } from './fates.js';
import type { Expected, ExpectedRetry, Ledger } from './ledger.js';
import type { Tuple } from './plan.js';

export interface Comparison {
  readonly problems: readonly string[];
  /** Events of packets whose opening number the probe should know, and those it had forgotten. */
  readonly forgotten: number;
  /** How many that should be, by the table's size. */
  readonly forgottenExpected: number;
}

/** Slots of the probe's table of opening numbers, one a tuple (native/bpf/openings.bpf.h). */
const OPENING_SLOTS = 65_536;

/** Lays the events of each tuple, in the order of time, beside what its packets lived through. */
export function compareEvents(ledger: Ledger, observed: readonly ObservedEvent[]): Comparison {
  const problems: string[] = [];
  const events = [...observed].sort((a, b) => a.monotonicNs - b.monotonicNs);
  const own = byTuple(events.filter(({ event }) => event.opening && event.kind !== 'retry'));
  const others = byTuple(events.filter(({ event }) => !event.opening));
  const retries = byTuple(events.filter(({ event }) => event.kind === 'retry'));

  let forgotten = 0;
  let forgottenExpected = 0;
  for (const expected of ledger.expected) {
    const event = take(own, expected.fate.packet.tuple);
    if (event === undefined) {
      problems.push(`${name(expected.fate.packet)}: no event (${asExpected(expected)})`);
      continue;
    }
    problems.push(...differences(expected, event));
    if (expected.forgettable) {
      forgottenExpected += 1 - (1 - 1 / OPENING_SLOTS) ** expected.between;
      if (event.kind === 'retransmit') forgotten++;
      if (event.kind === 'retransmit' && expected.between === 0) {
        problems.push(
          `${name(expected.fate.packet)}: came at once, another number, ${told(event)}`,
        );
      }
    }
  }
  for (const retry of ledger.retries) problems.push(...retryProblems(retry, retries));
  for (const { packet, to } of ledger.draining) {
    const event = take(others, packet.tuple);
    if (event?.kind !== 'draining' || event.verdict !== 'forwarded' || event.destination !== to) {
      problems.push(
        `${name(packet)} went to ${to}: ${event === undefined ? 'no event' : told(event)}`,
      );
    }
  }
  for (const [tuple, left] of [...own, ...retries, ...others]) {
    for (const event of left) problems.push(`${tuple}: no packet for ${told(event)}`);
  }
  return { problems, forgotten, forgottenExpected };
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
  const { fate, entry, weight, verdicts, kinds } = expected;
  const wrong = (what: string): string =>
    `${name(fate.packet)}: ${what}: expected ${asExpected(expected)}, told ${told(event)}`;
  if (!verdicts.includes(event.verdict)) yield wrong('verdict');
  if (!kinds.includes(event.kind)) yield wrong('kind');
  if (event.destination !== entry) yield wrong('server');
  if (event.verdict === 'rescheduled' && event.new_destination !== fate.to) {
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
}

function* retryProblems({ fate, drops }: ExpectedRetry, retries: ByTuple): Generator<string> {
  const event = take(retries, fate.packet.tuple);
  if (event === undefined) yield `${name(fate.packet)}: no retry of ${drops} drops`;
  else if (event.drops !== drops || event.verdict !== 'forwarded') {
    yield `${name(fate.packet)}: ${drops} drops, told ${told(event)}`;
  }
}

const asExpected = ({ fate, entry, verdicts, kinds, weight }: Expected): string =>
  `${kinds.join('|')} ${verdicts.join('|')} entry ${entry ?? '-'} weight ${weight ?? '-'} to ${fate.to ?? '-'}`;

const told = (event: IpvsEvent): string =>
  `${event.kind} ${event.verdict} entry ${event.destination ?? '-'} weight ${event.weight ?? '-'} to ${event.new_destination ?? '-'} ${event.conn_state} ${event.conntrack} ${event.cause ?? ''} drops ${event.drops ?? '-'}`;
