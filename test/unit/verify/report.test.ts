import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explain } from '../../../src/verify/explain.js';
import { formatReport, quantile } from '../../../src/verify/report.js';
import { events, played, tampered } from './played-round.js';

test('what does not fit is listed', () => {
  const observed = tampered(2, () => undefined);
  const report = formatReport({ played, events: observed, explanation: explain(played, observed) });
  assert.match(report, /^not explained: \d things do not fit$/m);
  assert.match(report, /^ {2}play 10\.0\.1\.2:3 \(connected, 1030 ms\): .*no event/m);
});

test('no more than twenty lines of problems', () => {
  const problems = Array.from({ length: 23 }, (_, index) => `problem ${index}`);
  const report = formatReport({ played, events, explanation: { problems, matches: [] } });
  assert.match(report, /^not explained: 23 things do not fit$/m);
  assert.match(report, /^ {2}problem 19\n {2}and 3 more$/m);
});

test('clients beside events', () => {
  const capture = {
    rows: [
      { what: 'in', captured: 17, withEvent: 11, events: 11 },
      { what: '10.0.2.2:8080', captured: 11, withEvent: 6, events: 6 },
    ],
    problems: [],
  };
  const explanation = explain(played, events);
  assert.equal(
    formatReport({ played, events, explanation, capture }),
    `by-hand: what the clients lived through
  phase  connects  failed     min ms  p50     p90     max
  play         12  2 timeout     5.0  5.0  1030.0  3040.0
what the probe saw
  kind        verdict      entry      events  weight 0
  reuse       forwarded    TIME_WAIT       4         2
  reuse       rescheduled  TIME_WAIT       1         0
  reuse       dropped      CLOSE           3         0
  retransmit  forwarded    SYN_RECV        2         2
  reuse       forwarded    SYN_RECV        1         1
opening packets at the director, by tcpdump
                    packets  with event  events say
  in                     17          11          11
  to 10.0.2.2:8080       11           6           6
explained: 12 connects and 11 events fit together
`,
  );
});

test('quantiles by nearest rank', () => {
  assert.equal(quantile([], 0.5), undefined);
  const values = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  assert.deepEqual(
    [0, 0.5, 0.9, 1].map((share) => quantile(values, share)),
    [1, 5, 9, 10],
  );
});
