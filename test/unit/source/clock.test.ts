import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Clock, monotonicNow } from '../../../src/source/clock.js';

/** Milliseconds since 1970 of what the clock writes for now. */
const nowOf = (clock: Clock): number => Date.parse(clock.format(monotonicNow()));

test('writes wall time in UTC with microseconds', () => {
  const clock = new Clock();
  const before = Date.now();
  const text = clock.format(monotonicNow());
  assert.match(text, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  // Both clocks are read one after the other, and wall time may have drifted since the process began.
  assert.ok(Math.abs(Date.parse(text) - before) < 1_000, `${text} at ${before}`);
});

test('differences are those of the monotonic clock, to the microsecond', () => {
  const clock = new Clock();
  const at = (ns: number): number => Number(clock.format(ns).slice(-7, -1));
  assert.equal((at(2_000_001_000) - at(2_000_000_000) + 1_000_000) % 1_000_000, 1);
  assert.equal((at(2_000_999_000) - at(2_000_000_000) + 1_000_000) % 1_000_000, 999);
});

test('check() follows a wall clock that was set, and ignores small drift', (context) => {
  const clock = new Clock();
  clock.check();
  const [start, wall] = [nowOf(clock), Date.now()];
  let ahead = 3_600_000;
  context.mock.method(Date, 'now', () => wall + ahead);
  assert.ok(nowOf(clock) - start < 600_000, 'not before it is checked');
  clock.check();
  assert.ok(Math.abs(nowOf(clock) - (wall + ahead)) < 600_000, 'an hour ahead');
  ahead = -3_600_000;
  clock.check();
  assert.ok(Math.abs(nowOf(clock) - (wall + ahead)) < 600_000, 'an hour back');
});
