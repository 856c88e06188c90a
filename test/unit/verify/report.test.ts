import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explain } from '../../../src/verify/explain.js';
import { formatReport, quantile } from '../../../src/verify/report.js';
import { events, played, tampered } from './played-round.js';

test('inconsistencies are listed', () => {
  const observed = tampered(2, () => undefined);
  const report = formatReport({ played, events: observed, explanation: explain(played, observed) });
  assert.match(report, /^not verified: \d inconsistencies$/m);
  assert.match(report, /^ {2}play 10\.0\.1\.2:3 \(connected, 1030 ms\): .*no event/m);
});

test('no more than twenty lines of problems', () => {
  const problems = Array.from({ length: 23 }, (_, index) => `problem ${index}`);
  const report = formatReport({ played, events, explanation: { problems, matches: [] } });
  assert.match(report, /^not verified: 23 inconsistencies$/m);
  assert.match(report, /^ {2}problem 19\n {2}and 3 more$/m);
});

test('connects, events and captures', () => {
  const comparison = {
    rows: [
      { what: 'in', captured: 17, withEvent: 11, events: 11 },
      { what: '10.0.2.2:8080', captured: 11, withEvent: 6, events: 6 },
    ],
    problems: [],
  };
  const explanation = explain(played, events);
  assert.equal(
    formatReport({ played, events, explanation, comparison }),
    `by-hand: client-observed connects
  phase  connects  failed     min ms  p50     p90     max
  play         12  2 timeout     5.0  5.0  1030.0  3040.0
probe events
  kind        verdict      entry      events  weight 0
  reuse       forwarded    TIME_WAIT       4         2
  reuse       rescheduled  TIME_WAIT       1         0
  reuse       dropped      CLOSE           3         0
  retransmit  forwarded    SYN_RECV        2         2
  reuse       forwarded    SYN_RECV        1         1
connection-opening packets captured at the director
                    packets  with event  by events
  in                     17          11         11
  to 10.0.2.2:8080       11           6          6
verified: 12 connects and 11 events are consistent
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
