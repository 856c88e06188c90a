import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IpvsEvent } from '../../../src/record/event.js';
import type { CapturedPacket, Captures } from '../../../src/testbed/captures.js';
import { compareCaptures } from '../../../src/verify/compare-captures.js';
import type { ObservedEvent } from '../../../src/verify/observed-event.js';
import { event, events, ms, played, RS1, RS2, tampered } from './played-round.js';

function packet(port: number, at: number, sequence: number): CapturedPacket {
  return { client: `10.0.1.2:${port}`, protocol: 'TCP', sequence, monotonicNs: ms(at) };
}

/** What tcpdump sees of the round: [port, at, sequence, where it goes]. */
const passages: readonly (readonly [number, number, number, string?])[] = [
  [1, 100.5, 10, RS1],
  [2, 100.5, 20, RS1],
  [3, 100.5, 30, RS1],
  [4, 100.5, 40, RS1],
  [1, 1000.5, 11, RS1],
  [2, 1000.5, 21, RS2],
  [3, 1000.5, 31],
  [4, 1000.5, 41],
  [4, 2000.5, 41],
  [3, 2002.5, 31, RS1],
  [4, 4000.5, 41, RS2],
  [1, 5100.5, 12, RS1],
  [2, 5100.5, 22, RS2],
  [1, 6100.5, 13, RS1],
  [1, 7100.5, 13, RS1],
  [1, 9000.5, 14, RS1],
  [1, 10_000.5, 14, RS1],
];

const sentTo = (server: string): CapturedPacket[] =>
  passages
    .filter(([, , , to]) => to === server)
    .map(([port, at, sequence]) => packet(port, at + 0.2, sequence));

const captures: Captures = {
  client: passages.map(([port, at, sequence]) => packet(port, at, sequence)),
  servers: { [RS1]: sentTo(RS1), [RS2]: sentTo(RS2) },
  lost: 0,
  clockStepMs: 0,
};

const problemsOf = (
  observed: readonly ObservedEvent[],
  seen: Partial<Captures> = {},
): readonly string[] => compareCaptures(played, { ...captures, ...seen }, observed).problems;

const lies: readonly {
  readonly name: string;
  readonly index: number;
  readonly change: (event: IpvsEvent) => Partial<IpvsEvent> | undefined;
}[] = [
  { name: 'forwarded, said dropped', index: 0, change: () => ({ verdict: 'dropped' }) },
  { name: 'forwarded, said of another', index: 0, change: () => ({ destination: RS2 }) },
  { name: 'rescheduled, said forwarded', index: 1, change: () => ({ verdict: 'forwarded' }) },
  { name: 'rescheduled, said of another', index: 1, change: () => ({ new_destination: RS1 }) },
  { name: 'dropped, said forwarded', index: 2, change: () => ({ verdict: 'forwarded' }) },
  { name: 'dropped, not said', index: 2, change: () => undefined },
  { name: 'dropped twice, said once', index: 4, change: () => undefined },
  { name: 'said of another client', index: 5, change: () => ({ client: '10.0.1.2:2' }) },
  { name: 'said of no client', index: 5, change: () => ({ client: '10.96.0.10:80' }) },
];

for (const { name, index, change } of lies) {
  test(`found out: ${name}`, () => {
    assert.notDeepEqual(problemsOf(tampered(index, change)), []);
  });
}

const oddCaptures: readonly {
  readonly name: string;
  readonly seen: Partial<Captures>;
  readonly problem: RegExp;
}[] = [
  { name: 'packets that tcpdump lost', seen: { lost: 2 }, problem: /tcpdump lost 2 packets/ },
  { name: 'a clock that was set', seen: { clockStepMs: -40 }, problem: /set by -40\.0 ms/ },
  {
    name: 'a packet that never arrived',
    seen: { client: captures.client.slice(1) },
    problem: /SYN 10\.0\.1\.2:1 seq 10 was sent to 10\.0\.2\.2:8080 but never arrived/,
  },
  {
    name: 'a packet without event that went nowhere',
    seen: { servers: { [RS1]: sentTo(RS1).slice(1), [RS2]: sentTo(RS2) } },
    problem: /seq 10 has no event and was not forwarded/,
  },
  {
    name: 'a packet that went to both',
    seen: { servers: { [RS1]: sentTo(RS1), [RS2]: [...sentTo(RS2), packet(1, 1000.9, 11)] } },
    problem: /seq 11 went to 10\.0\.2\.2:8080 and 10\.0\.3\.2:8080/,
  },
];

for (const { name, seen, problem } of oddCaptures) {
  test(`found out: ${name}`, () => {
    assert.match(problemsOf(events, seen).join('\n'), problem);
  });
}

test('found out: two events of one packet', () => {
  assert.match(problemsOf([...events, event(1, 1001)]).join('\n'), /has an event already/);
});

test('packets and events that agree, and their numbers', () => {
  const { rows, problems } = compareCaptures(played, captures, events);
  assert.deepEqual(problems, []);
  assert.deepEqual(rows, [
    { what: 'in', captured: 17, withEvent: 11, events: 11 },
    { what: RS1, captured: 11, withEvent: 6, events: 6 },
    { what: RS2, captured: 3, withEvent: 2, events: 2 },
    { what: 'not forwarded', captured: 3, withEvent: 3, events: 3 },
  ]);
});

test('a copy is distinguished from the packet before it by time alone', () => {
  const copies = passages.filter(([, , sequence]) => sequence === 41);
  assert.equal(copies.length, 3);
  // The third copy got through; the two before it share its number and were not forwarded.
  assert.deepEqual(problemsOf(events), []);
});
