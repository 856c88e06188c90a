import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IpvsEvent } from '../../../src/record/event.js';
import type { Played } from '../../../src/testbed/played.js';
import { explain } from '../../../src/verify/explain.js';
import { connect, event, events, failed, ms, played, RS1, RS2, tampered } from './played-round.js';

const problemsOf = (observed = events, round: Partial<Played> = {}): readonly string[] =>
  explain({ ...played, ...round }, observed).problems;

const other = (server: string | undefined): string => (server === RS1 ? RS2 : RS1);
const without = (rest: IpvsEvent, ...names: (keyof IpvsEvent)[]): IpvsEvent =>
  Object.fromEntries(
    Object.entries(rest).filter(([name]) => !names.some((gone) => gone === name)),
  ) as unknown as IpvsEvent;

/** Each is done to every event in turn, where it changes anything; each must be found out. */
const lies: Readonly<Record<string, (event: IpvsEvent) => Partial<IpvsEvent> | undefined>> = {
  'left out': () => undefined,
  'verdict forwarded': () => ({ verdict: 'forwarded' }),
  'verdict rescheduled': () => ({ verdict: 'rescheduled' }),
  'verdict dropped': () => ({ verdict: 'dropped' }),
  'verdict rejected': () => ({ verdict: 'rejected' }),
  'verdict passed': () => ({ verdict: 'passed' }),
  'dropped, with a cause': () => ({ verdict: 'dropped', cause: 'conntrack' }),
  'rescheduled, with a server': ({ destination }) => ({
    verdict: 'rescheduled',
    new_destination: other(destination),
  }),
  'client and virtual swapped': ({ client = '', virtual = '' }) => ({
    client: virtual,
    virtual: client,
  }),
  'another client': () => ({ client: '10.0.1.2:9' }),
  'another destination': ({ destination }) => ({ destination: other(destination) }),
  'no such destination': () => ({ destination: '10.0.2.2:8081' }),
  'another weight': ({ weight }) => ({ weight: 1 - (weight ?? 0) }),
  'server not in the table': () => ({ available: false }),
  'a wait without a reason': () => ({ delay_ms: 1010 }),
  'a reason without a wait': () => ({ cause: 'unanswered' }),
  'a wait that goes on': () => ({ verdict: 'dropped', delay_ms: 1010, cause: 'unanswered' }),
  'reuse as retransmit and the reverse': ({ kind }) => ({
    kind: kind === 'reuse' ? 'retransmit' : 'reuse',
  }),
};

for (const [what, change] of Object.entries(lies)) {
  test(`found out: ${what}`, () => {
    for (const [index, { event: honest }] of events.entries()) {
      const changed = change(honest);
      if (changed?.verdict === honest.verdict) continue;
      assert.notDeepEqual(problemsOf(tampered(index, change)), [], `event ${index}`);
    }
  });
}

test('found out: another new destination', () => {
  assert.match(problemsOf(tampered(1, () => ({ new_destination: RS1 })))[0] ?? '', /went to/);
});

test('found out: an event twice, or at another time', () => {
  for (const [index, observed] of events.entries()) {
    assert.notDeepEqual(problemsOf([...events, observed]), [], `event ${index} twice`);
    const shifted = { ...observed, monotonicNs: observed.monotonicNs - ms(150) };
    assert.notDeepEqual(problemsOf(events.with(index, shifted)), [], `event ${index} early`);
  }
});

test('found out: a dead server forgives no drop that conntrack cannot have caused', () => {
  const change = (): Partial<IpvsEvent> => ({ verdict: 'dropped', cause: 'conntrack' });
  const untracked = events.map(({ event, ...rest }) => ({
    ...rest,
    event: { ...event, conntrack: 'none' as const },
  }));
  for (const index of [7, 8, 9, 10]) {
    assert.match(problemsOf(tampered(index, change)).join('\n'), /dropped for conntrack/);
  }
  assert.match(problemsOf(events, { conntrack: false }).join('\n'), /nothing is tracked/);
  assert.doesNotMatch(problemsOf(untracked, { conntrack: false }).join('\n'), /nothing is tracked/);
});

const strays: readonly {
  readonly name: string;
  readonly connects: Played['connects'];
  readonly observed?: Parameters<typeof problemsOf>[0];
  readonly problem: RegExp;
}[] = [
  {
    name: 'slow without an event',
    connects: [connect(7, 0, 900, { server: RS1 })],
    problem: /slow, and no event says why/,
  },
  {
    name: 'a timeout without an event',
    connects: [failed(7, 0, 2500)],
    problem: /no event says why/,
  },
  {
    name: 'refused without an event',
    connects: [connect(7, 0, 3, { outcome: 'refused' })],
    problem: /no event says why/,
  },
  {
    name: 'an answer by nobody',
    connects: [connect(7, 0, 3)],
    problem: /no server said its name/,
  },
  {
    name: 'an answer by a stranger',
    connects: [connect(7, 0, 3, { server: '10.0.9.9:1' })],
    problem: /which is no server of the round/,
  },
  {
    name: 'reuse of an unused port',
    connects: [connect(7, 0, 3, { server: RS1 })],
    observed: [event(7, 1)],
    problem: /never used, yet reuse/,
  },
  {
    name: 'two connects at once on one port',
    connects: [connect(7, 0, 9, { server: RS1 }), connect(7, 5, 9, { server: RS1 })],
    observed: [event(7, 7)],
    problem: /lies in 2 connects/,
  },
  {
    name: 'a timeout although the packet went to a server that answers',
    connects: [connect(7, 0, 3, { server: RS1 }), failed(7, 100, 2500)],
    observed: [event(7, 101), event(7, 1101, { kind: 'retransmit', conn_state: 'SYN_RECV' })],
    problem: /went to 10\.0\.2\.2:8080, which answers/,
  },
  {
    name: 'events that lost their client',
    connects: [],
    observed: [{ ...event(7, 1), event: { ...without(event(7, 1).event, 'client'), count: 3 } }],
    problem: /3 reuse events came without their client/,
  },
  {
    name: 'a retry of nothing',
    connects: [connect(7, 0, 3, { server: RS1 })],
    observed: [event(7, 1, { kind: 'retry' })],
    problem: /retry forwarded 10\.0\.1\.2:7 follows no dropped packet/,
  },
];

for (const { name, connects, observed = [], problem } of strays) {
  test(`found out: ${name}`, () => {
    assert.match(problemsOf(observed, { connects }).join('\n'), problem);
  });
}

test('a copy may say what its client waited', () => {
  const index = events.findIndex(({ event }) => event.kind === 'retransmit');
  const change = (): Partial<IpvsEvent> => ({ delay_ms: 1010, cause: 'unanswered' });
  assert.deepEqual(problemsOf(tampered(index, change)), []);
});

test('a round in which everything fits', () => {
  const { problems, matches } = explain(played, events);
  assert.deepEqual(problems, []);
  assert.equal(matches.length, played.connects.length);
  assert.equal(matches.flatMap((match) => match.events).length, events.length);
  const twice = matches.find(({ connect }) => connect.connectMs === 3040);
  assert.deepEqual(
    twice?.events.map(({ event }) => event.verdict),
    ['dropped', 'dropped'],
  );
});

test('other namespaces and packets that open nothing are none of its business', () => {
  const foreign = [event(1, 50, { netns: 1 }), event(1, 50, { opening: false, weight: 0 })];
  assert.deepEqual(problemsOf([...events, ...foreign]), []);
});

test('the retry of a dropped packet may have its own event', () => {
  assert.deepEqual(problemsOf([...events, event(3, 2010, { kind: 'retry' })]), []);
});

test('an old connection answered by a reset: two packets at once, the second moves on', () => {
  const connects = [connect(7, 0, 3, { server: RS1 }), connect(7, 100, 9, { server: RS2 })];
  const moved = { verdict: 'rescheduled', expired: true, new_destination: RS2 } as const;
  const observed = [
    event(7, 101, { conn_state: 'ESTABLISHED' }),
    event(7, 104, { ...moved, conn_state: 'CLOSE' }),
  ];
  assert.deepEqual(problemsOf(observed, { connects }), []);
});

test('an entry may expire after a while', () => {
  const connects = [connect(7, 0, 3, { server: RS1 }), connect(7, 20_000, 3, { server: RS2 })];
  assert.deepEqual(problemsOf([], { connects }), []);
});
