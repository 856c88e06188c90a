import type { IpvsEvent } from '../../record/event.js';

/** A number within bounds; any value at all; or exactly this, where null is absent. */
export type Fact =
  | string
  | number
  | boolean
  | null
  | { readonly least: number; readonly most: number }
  | 'any';

/** Expected events: the number of packets, and their facts. */
export interface ExpectedEvent {
  readonly times: number | { readonly least: number; readonly most: number };
  readonly kind: string;
  readonly verdict: string;
  readonly facts: Readonly<Record<string, Fact>>;
}

/** Any kind: of a packet that fits several, which the case does not test. */
const ANY_KIND = '*';

/** `expected(2, 'unsent rejected', { cause: 'transmit' })` */
export function expected(
  times: ExpectedEvent['times'],
  what: string,
  facts: ExpectedEvent['facts'] = {},
): ExpectedEvent {
  const [kind = '', verdict = ''] = what.split(' ');
  return { times, kind, verdict, facts };
}

export const between = (least: number, most: number): { least: number; most: number } => ({
  least,
  most,
});

/** One second, as a client's timer counts it and a busy machine stretches it. */
export const ONE_SECOND = between(950, 1900);

const isRange = (fact: unknown): fact is { least: number; most: number } =>
  typeof fact === 'object' && fact !== null;

const factText = (fact: Fact): string =>
  fact === null ? 'absent' : isRange(fact) ? `${fact.least} to ${fact.most}` : String(fact);

function isFact(fact: Fact, value: unknown): boolean {
  if (fact === null) return value === undefined;
  if (fact === 'any') return value !== undefined;
  if (isRange(fact)) return typeof value === 'number' && value >= fact.least && value <= fact.most;
  return value === fact;
}

const factOf = (event: IpvsEvent, name: string): unknown =>
  (event as unknown as Readonly<Record<string, unknown>>)[name];

const isOf = ({ kind, verdict }: ExpectedEvent, event: IpvsEvent): boolean =>
  (kind === ANY_KIND || event.kind === kind) && event.verdict === verdict;

/** Facts that are not as expected, in words. */
function wrongFacts(wanted: ExpectedEvent, event: IpvsEvent): readonly string[] {
  return Object.entries(wanted.facts).flatMap(([name, fact]) => {
    const value = factOf(event, name);
    return isFact(fact, value) ? [] : [`${name} ${value ?? 'absent'}, not ${factText(fact)}`];
  });
}

/** Differences between events and expected events, one line each. */
export function eventProblems(
  wanted: readonly ExpectedEvent[],
  events: readonly IpvsEvent[],
): readonly string[] {
  const counts = wanted.map(() => 0);
  const strangers = new Map<string, number>();
  for (const event of events) {
    const fitting = wanted.flatMap((one, index) =>
      isOf(one, event) && wrongFacts(one, event).length === 0 ? [index] : [],
    );
    const open = fitting.find((index) => (counts[index] ?? 0) < most(wanted[index]?.times ?? 0));
    const index = open ?? fitting[0];
    if (index !== undefined) {
      counts[index] = (counts[index] ?? 0) + event.count;
      continue;
    }
    const [near] = wanted
      .filter((one) => isOf(one, event))
      .map((one) => wrongFacts(one, event))
      .sort((a, b) => a.length - b.length);
    const why = near?.join(', ') ?? 'not expected';
    const line = `${event.kind} ${event.verdict}: ${why}`;
    strangers.set(line, (strangers.get(line) ?? 0) + event.count);
  }
  return [
    ...wanted.flatMap((one, index) => {
      const count = counts[index] ?? 0;
      const { times } = one;
      const fits = isRange(times) ? count >= times.least && count <= times.most : count === times;
      return fits ? [] : [`${count} × ${expectedText(one)}, not ${factText(times)}`];
    }),
    ...[...strangers].map(([line, count]) => `${count} × ${line}`),
  ];
}

const most = (times: ExpectedEvent['times']): number =>
  typeof times === 'number' ? times : times.most;

const expectedText = ({ kind, verdict, facts }: ExpectedEvent): string =>
  [kind, verdict, ...Object.entries(facts).map(([name, fact]) => `${name} ${factText(fact)}`)].join(
    ' ',
  );

/** The expected events in words. */
export const expectedTexts = (wanted: readonly ExpectedEvent[]): string =>
  wanted.length === 0
    ? 'no event'
    : wanted.map((one) => `${factText(one.times)} × ${expectedText(one)}`).join('; ');

/** Facts shown after kind and verdict, in this order, where an event has them. */
const SHOWN = [
  'conn_state',
  'weight',
  'cause',
  'reason',
  'scheduler',
  'servers',
  'servers_with_weight',
  'servers_overloaded',
  'drops',
  'hairpin',
] as const;

/** More kinds of events than any case has but those with a service of every port. */
const MOST_TEXTS = 6;

/** All events in few words: equal ones once, with their number. */
export function eventTexts(events: readonly IpvsEvent[]): string {
  const groups = new Map<string, { count: number; delays: number[] }>();
  for (const event of events) {
    const shown = SHOWN.flatMap((name) => {
      const value = factOf(event, name);
      return value === undefined ? [] : [`${name} ${value}`];
    });
    const { kind, verdict, virtual, destination, new_destination: anew, forwarding } = event;
    const key = [
      `${kind} ${verdict}`,
      ...shown,
      ...((forwarding as string | undefined) === 'bypass' ? ['forwarding bypass'] : []),
      `${virtual ?? ''}${destination === undefined ? '' : ` → ${destination}`}`,
      ...(anew === undefined ? [] : [`→ ${anew}`]),
    ].join(' ');
    const group = groups.get(key) ?? { count: 0, delays: [] };
    group.count += event.count;
    if (event.delay_ms !== undefined) group.delays.push(event.delay_ms);
    groups.set(key, group);
  }
  const texts = [...groups].map(([key, { count, delays }]) => {
    const delay = delays.length === 0 ? '' : ` delay_ms ${rangeText(delays)}`;
    return `${count} × ${key}${delay}`;
  });
  if (texts.length === 0) return 'nothing';
  const more =
    texts.length > MOST_TEXTS ? [`and ${texts.length - MOST_TEXTS} more like these`] : [];
  return [...texts.slice(0, MOST_TEXTS), ...more].join('; ');
}

function rangeText(values: readonly number[]): string {
  // Spread arguments have a limit that a flood exceeds.
  const least = values.reduce((a, b) => Math.min(a, b)).toFixed(0);
  const most = values.reduce((a, b) => Math.max(a, b)).toFixed(0);
  return least === most ? least : `${least} to ${most}`;
}
