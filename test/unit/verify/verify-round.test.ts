import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifyRound } from '../../../src/verify/verify-round.js';
import { events, played } from './played-round.js';

const captures = { client: [], servers: {}, lost: 0, clockStepMs: 0 };

test('a round without captures is verified against its connects', () => {
  const { report, passed, ...round } = verifyRound(played, events);
  assert.ok(passed, report);
  assert.match(report, /^verified: 12 connects and 11 events are consistent$/m);
  assert.doesNotMatch(report, /captured/);
  assert.deepEqual(round, { played, events });
});

test('captures are compared and reported where the round has some', () => {
  const { report, passed } = verifyRound({ ...played, captures }, events);
  assert.ok(!passed);
  assert.match(report, /^connection-opening packets captured at the director$/m);
  assert.match(report, /no such packet arrived/);
});
