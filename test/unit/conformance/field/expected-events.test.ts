import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  between,
  eventProblems,
  eventTexts,
  expected,
  expectedTexts,
} from '../../../../src/conformance/field/expected-events.js';
import type { IpvsEvent } from '../../../../src/record/event.js';

const event = (facts: Partial<IpvsEvent> = {}): IpvsEvent => ({
  time: '2026-11-25T08:00:00.000000Z',
  kind: 'reuse',
  verdict: 'forwarded',
  opening: true,
  proto: 'TCP',
  client: '10.0.1.2:40001',
  virtual: '10.96.0.10:80',
  fwmark: 0,
  destination: '10.0.2.2:8080',
  netns: 1,
  count: 1,
  ...facts,
});

test('events as expected, and no others, are no problem', () => {
  const wanted = [expected(2, 'reuse forwarded', { destination: '10.0.2.2:8080' })];
  assert.deepEqual(eventProblems(wanted, [event(), event()]), []);
  assert.deepEqual(eventProblems(wanted, [event({ count: 2 })]), []);
  assert.deepEqual(eventProblems([], []), []);
});

test('one too few, one too many and one of another kind are', () => {
  const wanted = [expected(1, 'reuse forwarded')];
  assert.deepEqual(eventProblems(wanted, []), ['0 × reuse forwarded, not 1']);
  assert.deepEqual(eventProblems(wanted, [event(), event()]), ['2 × reuse forwarded, not 1']);
  assert.deepEqual(eventProblems(wanted, [event(), event({ kind: 'retransmit' })]), [
    '1 × retransmit forwarded: not expected',
  ]);
});

test('a fact that differs is named, with what is right', () => {
  const wanted = [expected(1, 'reuse forwarded', { weight: 0, delay_ms: between(950, 1900) })];
  assert.deepEqual(eventProblems(wanted, [event({ weight: 1, delay_ms: 12 })]), [
    '0 × reuse forwarded weight 0 delay_ms 950 to 1900, not 1',
    '1 × reuse forwarded: weight 1, not 0, delay_ms 12, not 950 to 1900',
  ]);
  assert.deepEqual(eventProblems(wanted, [event({ weight: 0, delay_ms: 1001 })]), []);
});

test('a fact may have to be absent, or only to be there', () => {
  const wanted = [expected(1, 'reuse forwarded', { weight: null, client: 'any' })];
  assert.deepEqual(eventProblems(wanted, [event()]), []);
  assert.equal(eventProblems(wanted, [event({ weight: 0 })]).length, 2);
  const { client: _, ...anonymous } = event();
  assert.equal(eventProblems(wanted, [anonymous]).length, 2);
});

test('what fits two expectations goes to the one that is not full', () => {
  const wanted = [expected(1, 'reuse forwarded'), expected(2, '* forwarded')];
  assert.deepEqual(eventProblems(wanted, [event(), event(), event({ kind: 'retransmit' })]), []);
  assert.deepEqual(eventProblems(wanted, [event({ kind: 'retransmit', count: 2 })]), [
    '0 × reuse forwarded, not 1',
  ]);
});

test('a number may be within bounds', () => {
  const wanted = [expected(between(2, 3), 'reuse forwarded')];
  assert.deepEqual(eventProblems(wanted, [event({ count: 2 })]), []);
  assert.deepEqual(eventProblems(wanted, [event({ count: 4 })]), [
    '4 × reuse forwarded, not 2 to 3',
  ]);
});

test('events alike are written once, with the delays they span', () => {
  assert.equal(eventTexts([]), 'nothing');
  assert.equal(
    eventTexts([event({ delay_ms: 1000.4 }), event({ delay_ms: 1010, client: '10.0.1.2:2' })]),
    '2 × reuse forwarded 10.96.0.10:80 → 10.0.2.2:8080 delay_ms 1000 to 1010',
  );
  assert.equal(expectedTexts([]), 'no event');
});
