import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CaseInstance } from '../../../../src/conformance/matrix/case-instance.js';
import { differences } from '../../../../src/conformance/matrix/compare-case.js';
import { formatMatrix, isDifferent } from '../../../../src/conformance/matrix/format-matrix.js';
import type { CaseObservation } from '../../../../src/conformance/matrix/observation.js';
import { outcomes } from '../../../../src/conformance/matrix/outcomes.js';
import type { TestCase } from '../../../../src/conformance/matrix/test-case.js';
import type { IpvsEvent } from '../../../../src/record/event.js';
import { ms } from '../../verify/played-round.js';

// The comparison has to find every difference.

const testCase: TestCase = {
  title: 'ESTABLISHED, weight 0',
  family: 'ipv4',
  settings: { expireNodestConn: 0, connReuseMode: 1, conntrack: true },
  service: { protocol: 'TCP', forwarding: 'masquerade' },
  entry: 'vanished',
  changes: ['weight 0'],
  again: 'same port',
  expectation: outcomes['challenged, rescheduled']({
    state: 'ESTABLISHED',
    weight: 0,
    conntrack: true,
  }),
};

const OLD = '10.0.2.2:8080';
const OTHER = '10.0.3.2:8080';

function event(rest: Partial<IpvsEvent>): IpvsEvent {
  return {
    time: '2026-11-23T08:12:01.123456Z',
    kind: 'reuse',
    verdict: 'forwarded',
    opening: true,
    proto: 'TCP',
    client: '10.0.1.2:40001',
    virtual: '10.96.0.10:20001',
    fwmark: 0,
    destination: OLD,
    weight: 0,
    available: true,
    conn_state: 'ESTABLISHED',
    conntrack: 'confirmed',
    conntrack_state: 'ESTABLISHED',
    forwarding: 'masquerade',
    netns: 4_026_532_000,
    cpu: 0,
    count: 1,
    ...rest,
  };
}

const followed = event({});
const drained = event({ kind: 'draining', opening: false });
const chosenAnew = event({
  verdict: 'rescheduled',
  conn_state: 'CLOSE',
  conntrack: 'unconfirmed',
  conntrack_state: 'SYN_SENT',
  expired: true,
  new_destination: OTHER,
  cause: 'unanswered',
  delay_ms: 4,
});

const { delay_ms: _, ...withoutWait } = chosenAnew;

function seen(
  rest: Partial<Omit<CaseObservation, 'events'>> & { events?: readonly IpvsEvent[] } = {},
): CaseObservation {
  const instance = new CaseInstance(testCase, { virtualPort: 20_001, ports: [40_001, 40_002] });
  instance.old = instance.servers[0];
  const { events = [followed, drained, drained, chosenAnew], ...others } = rest;
  return {
    instance,
    packets: { in: 2, old: 1, other: 1 },
    spanMs: 12,
    ends: [{ startNs: 0, endNs: ms(20), outcome: 'connected', server: OTHER }],
    ...others,
    events: events.map((one, index) => ({ event: one, monotonicNs: ms(index) })),
  };
}

test('what was expected is no difference', () => {
  assert.deepEqual([...differences(seen())], []);
});

const end = seen().ends[0];
assert.ok(end);

const cases: readonly (readonly [string, Parameters<typeof seen>[0], RegExp])[] = [
  [
    'another verdict',
    { events: [followed, drained, { ...chosenAnew, verdict: 'dropped', cause: 'conntrack' }] },
    /^event 3, reuse dropped: verdict is dropped, not rescheduled, cause is conntrack, not unanswered$/,
  ],
  [
    'another kind',
    { events: [{ ...followed, kind: 'retransmit' }, drained, chosenAnew] },
    /^event 1, retransmit forwarded: kind is retransmit, not reuse$/,
  ],
  ['a missing event', { events: [followed, drained] }, /^no event reuse rescheduled$/],
  ['no event at all', { events: [] }, /^no event reuse forwarded$/],
  [
    'one event more',
    { events: [followed, drained, chosenAnew, chosenAnew] },
    /^one event more, reuse rescheduled$/,
  ],
  ['another order', { events: [chosenAnew, drained, followed] }, /^event 1, reuse rescheduled: /],
  [
    'the other server',
    { events: [followed, drained, { ...chosenAnew, new_destination: OLD }] },
    /new_destination is 10\.0\.2\.2:8080, not 10\.0\.3\.2:8080$/,
  ],
  [
    'no wait',
    { events: [followed, drained, withoutWait] },
    /^event 3, reuse rescheduled: delay_ms is undefined$/,
  ],
  [
    'a wait of the first packet',
    { events: [{ ...followed, delay_ms: 4 }, drained, chosenAnew] },
    /^event 1, reuse forwarded: delay_ms is 4$/,
  ],
  ['another weight', { events: [{ ...followed, weight: 1 }, drained, chosenAnew] }, /weight is 1/],
  [
    'another state',
    { events: [{ ...followed, conn_state: 'CLOSE' }, drained, chosenAnew] },
    /conn_state is CLOSE, not ESTABLISHED/,
  ],
  [
    'another conntrack entry',
    { events: [{ ...followed, conntrack: 'none' }, drained, chosenAnew] },
    /conntrack is none, not confirmed/,
  ],
  [
    'another service',
    { events: [{ ...followed, virtual: '10.96.0.10:80' }, drained, chosenAnew] },
    /virtual is 10\.96\.0\.10:80, not 10\.96\.0\.10:20001/,
  ],
  ['a packet more', { packets: { in: 3, old: 1, other: 1 } }, /^3 packets in, not 2$/],
  [
    'a packet to the old server less',
    { packets: { in: 2, old: 0, other: 1 } },
    /^0 packets to the old server, not 1$/,
  ],
  [
    'a packet to the other server more',
    { packets: { in: 2, old: 1, other: 2 } },
    /^2 packets to the other server, not 1$/,
  ],
  [
    'a second between two packets',
    { spanMs: 1002 },
    /^its opening packets came within 1002 ms, not at once$/,
  ],
  ['three seconds', { ends: [{ ...end, endNs: ms(3010) }] }, /^it took 3010 ms, not at once$/],
  ['an answer of the old server', { ends: [{ ...end, server: OLD }] }, /^answered by 10\.0\.2\.2/],
  [
    'no answer',
    { ends: [{ startNs: 0, endNs: ms(2500), outcome: 'timeout' }] },
    /^the client: timeout, not connected$/,
  ],
  ['no attempt', { ends: [] }, /^0 attempts, not 1$/],
  ['no entry', { problem: 'its entry was not made: timeout' }, /^its entry was not made: timeout$/],
];

for (const [what, change, expected] of cases) {
  test(`found: ${what}`, () => {
    const found = [...differences(seen(change))];
    assert.ok(
      found.some((line) => expected.test(line)),
      found.join('\n'),
    );
  });
}

test('a retry must have waited', () => {
  const instance = new CaseInstance(
    {
      ...testCase,
      expectation: outcomes['one second']({ state: 'ESTABLISHED', weight: 0, conntrack: true }),
    },
    { virtualPort: 20_001, ports: [40_001, 40_002] },
  );
  instance.old = instance.servers[0];
  const dropped = event({ verdict: 'dropped', cause: 'conntrack', expired: true });
  const retry = (delay_ms: number): IpvsEvent =>
    event({
      kind: 'retry',
      destination: OTHER,
      weight: 1,
      conntrack: 'unconfirmed',
      conntrack_state: 'SYN_SENT',
      cause: 'conntrack',
      delay_ms,
      drops: 1,
    });
  const ofSecond = (delay: number, took = 1020): CaseObservation => ({
    ...seen({
      events: [dropped, retry(delay)],
      packets: { in: 2, old: 0, other: 1 },
      spanMs: 1005,
      ends: [{ ...end, endNs: ms(took) }],
    }),
    instance,
  });
  assert.deepEqual([...differences(ofSecond(1010))], []);
  assert.deepEqual([...differences(ofSecond(1010, 20))], ['it took 20 ms, not one second']);
  assert.deepEqual(
    [...differences({ ...ofSecond(1010), spanMs: 3 })],
    ['its opening packets came within 3 ms, not one second'],
  );
  assert.deepEqual([...differences(ofSecond(10))], ['event 2, retry forwarded: delay_ms is 10']);
});

test('the matrix: one line per test case, and below a test case that differs what was expected', () => {
  const fits = { testCase, seen: seen() };
  const differs = { testCase, seen: seen({ events: [followed, drained] }) };
  const impossible = { testCase, impossible: 'this kernel is too old' };
  assert.equal(isDifferent(fits), false);
  assert.equal(isDifferent(differs), true);
  assert.equal(isDifferent(impossible), false);
  const lines = formatMatrix([fits, differs, impossible]).split('\n');
  assert.match(
    lines.at(-6) ?? '',
    /^0 .* ESTABLISHED, weight 0 .* reuse\/forwarded ESTABLISHED w0 confirmed →old, 2× draining →old, reuse\/rescheduled CLOSE w0 unconfirmed \(unanswered\) →other .* 20 ms +ok$/,
  );
  assert.match(lines.at(-5) ?? '', / reuse\/forwarded ESTABLISHED .* DIFFERS$/);
  assert.match(lines.at(-4) ?? '', / expected: reuse\/forwarded ESTABLISHED .*at once$/);
  assert.match(lines.at(-4) ?? '', /reuse\/rescheduled CLOSE/);
  assert.equal(lines.at(-3)?.trim(), 'no event reuse rescheduled');
  assert.equal(
    lines.at(-1),
    '3 test cases: 1 as expected, 1 differ, 1 not possible on this kernel',
  );
});
