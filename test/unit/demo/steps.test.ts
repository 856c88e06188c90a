import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSteps } from '../../../src/demo/format-steps.js';
import { type DemoStep, demoSteps, stepProblems } from '../../../src/demo/steps.js';
import type { CapturedPacket } from '../../../src/testbed/captures.js';
import type { Connect } from '../../../src/testbed/connect.js';
import type { ObservedEvent } from '../../../src/verify/observed-event.js';
import type { RoundRecord } from '../../../src/verify/round-record.js';
import { connect, event, failed, ms, played, RS1, RS2 } from '../verify/played-round.js';

// One port, used at 0 s, and again while RS1 drains (from 5 s on) or is gone (from 6 s on).

const PORT = 1;
const [mode0, unfixed, fixed] = demoSteps as [DemoStep, DemoStep, DemoStep];

interface Again {
  readonly connect: Connect;
  readonly events: readonly ObservedEvent[];
  /** When each of its packets came in, and the server that got it. */
  readonly packets: readonly (readonly [at: number, to?: string])[];
}

function record({ connect: again, events, packets }: Again): RoundRecord {
  const packet = (at: number, sequence: number): CapturedPacket => ({
    client: `10.0.1.2:${PORT}`,
    protocol: 'TCP',
    sequence,
    monotonicNs: ms(at),
  });
  const fresh = connect(PORT, 0, 3, { server: RS1, phase: 'before' });
  const seen = packets.map(([at, to]) => ({ packet: packet(at, 2), to }));
  const to = (server: string): CapturedPacket[] =>
    seen.filter((each) => each.to === server).map((each) => each.packet);
  return {
    release: '6.1.0-56-amd64',
    played: {
      ...played,
      connects: [fresh, again],
      captures: {
        client: [packet(1, 1), ...seen.map((each) => each.packet)],
        servers: { [RS1]: [packet(1, 1), ...to(RS1)], [RS2]: to(RS2) },
        lost: 0,
        clockStepMs: 0,
      },
    },
    events,
  };
}

const timedOut = record({
  connect: { ...failed(PORT, 6500, 2500), phase: 'stopped' },
  events: [
    event(PORT, 6501, { weight: 0 }),
    event(PORT, 7501, { weight: 0, kind: 'retransmit', conn_state: 'SYN_RECV' }),
  ],
  packets: [
    [6501, RS1],
    [7501, RS1],
  ],
});

const rescheduled = record({
  connect: connect(PORT, 5500, 3, { server: RS2, phase: 'draining' }),
  events: [
    event(PORT, 5501, {
      weight: 0,
      verdict: 'rescheduled',
      new_destination: RS2,
      expired: true,
      conntrack: 'unconfirmed',
    }),
  ],
  packets: [[5501, RS2]],
});

const delayed = record({
  connect: connect(PORT, 5500, 1020, { server: RS2, phase: 'draining' }),
  events: [
    event(PORT, 5501, {
      weight: 0,
      verdict: 'dropped',
      cause: 'conntrack',
      expired: true,
      conntrack: 'unconfirmed',
      missing_fix: 'f0a5e4d7a594',
    }),
    event(PORT, 6515, { kind: 'retry', delay_ms: 1014, drops: 1, conn_state: 'NONE' }),
  ],
  packets: [[5501], [6515, RS2]],
});

test('each step accepts its expected outcome, and no other', () => {
  const rounds = { timedOut, rescheduled, delayed };
  const content = demoSteps.map((step) =>
    Object.entries(rounds).flatMap(([name, round]) =>
      stepProblems(step, round).length === 0 ? [name] : [],
    ),
  );
  assert.deepEqual(content, [['timedOut'], ['delayed'], ['rescheduled']]);
});

test('step 1 detects a missing timeout', () => {
  assert.match(stepProblems(mode0, rescheduled).join('\n'), /weight 0\n.*none timed out/);
});

test('step 2 detects a missing second, drop, reason or retry', () => {
  const quick = {
    ...delayed,
    played: {
      ...delayed.played,
      connects: delayed.played.connects.map((each) => ({ ...each, connectMs: 3 })),
    },
  };
  const { missing_fix: _, ...fixless } = delayed.events[0]?.event ?? assert.fail();
  const confirmed = {
    ...delayed,
    events: delayed.events.with(0, {
      monotonicNs: ms(5501),
      event: { ...fixless, conntrack: 'confirmed' },
    }),
  };
  const silent = { ...delayed, events: delayed.events.slice(0, 1) };
  assert.match(stepProblems(unfixed, quick).join('\n'), /took no second/);
  assert.match(stepProblems(unfixed, confirmed).join('\n'), /not once for want of the fix/);
  assert.match(stepProblems(unfixed, silent).join('\n'), /no packet that got through/);
});

test('step 3 rejects what step 2 expects', () => {
  const problems = stepProblems(fixed, delayed).join('\n');
  assert.match(problems, /lost a packet\n.*is slow\n.*was dropped\n.*was not rescheduled/);
});

test('a slow machine is no lost packet, where tcpdump saw one', () => {
  const [fresh, again] = rescheduled.played.connects as [Connect, Connect];
  const connects = [{ ...fresh, connectMs: 1300, endNs: ms(1300) }, again];
  assert.deepEqual(
    stepProblems(fixed, { ...rescheduled, played: { ...rescheduled.played, connects } }),
    [],
  );
  const { captures } = rescheduled.played;
  assert.ok(captures);
  const client = [
    ...captures.client,
    { ...(captures.client[0] as CapturedPacket), monotonicNs: ms(900) },
  ];
  const twice = { ...rescheduled.played, connects, captures: { ...captures, client } };
  assert.match(
    stepProblems(fixed, { ...rescheduled, played: twice }).join('\n'),
    /lost a packet\n.*slow, and no event says why/,
  );
});

test('a step without captures, or without a reused port, shows nothing', () => {
  const { captures: _, ...unwatched } = rescheduled.played;
  assert.match(
    stepProblems(fixed, { ...rescheduled, played: unwatched }).join('\n'),
    /nothing was captured/,
  );
  const once = rescheduled.played.connects.slice(0, 1);
  assert.match(
    stepProblems(fixed, { ...rescheduled, played: { ...rescheduled.played, connects: once } })[0] ??
      '',
    /no port was reused/,
  );
});

test('the table compares the three observers, one line per phase', () => {
  const lines = formatSteps([
    { step: mode0, record: timedOut },
    { step: unfixed, record: delayed },
  ]).map((line) => line.split(/\s{2,}/));
  assert.deepEqual(lines.slice(1), [
    ['1: mode 0', ...'before 1 0 3 3 3 1 1 0 0 0 -'.split(' ')],
    [
      ...['', 'stopped', '1', '1', '-', '-', '-', '2', '2', '0', '2', '0'],
      '1 reuse forwarded confirmed, 1 retransmit forwarded confirmed',
    ],
    ['2: mode 1, unfixed', ...'before 1 0 3 3 3 1 1 0 0 0 -'.split(' ')],
    [
      ...['', 'draining', '1', '0', '1020', '1020', '1020', '2', '1', '1', '0', '1'],
      '1 reuse dropped unconfirmed (f0a5e4d7a594 missing), 1 retry forwarded confirmed',
    ],
  ]);
});
