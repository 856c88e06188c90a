import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { IpvsEvent } from '../../src/record/event.js';
import { Running, run } from './command.js';

before(() => run('modprobe', 'ip_vs'));

test('two directors with the same addresses and clients: every event says whose it is', async () => {
  const testbeds = [0, 1].map(() => new Running(['reproduce', 'rollout', '-o', 'json']));
  const ended = await Promise.all(testbeds.map((testbed) => testbed.ended));
  const seen = ended.map(({ stdout }) =>
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as IpvsEvent),
  );
  // Each testbed judges what is its own, strictly.
  for (const { code, stderr } of ended) {
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^verified: 54 connects and \d+ events are consistent$/m);
  }
  // Each probe sees both.
  const directors = seen.map((events) => [...new Set(events.map(({ netns }) => netns))].sort());
  assert.equal(directors[0]?.length, 2);
  assert.deepEqual(directors[0], directors[1]);
  const clientsOf = (director: number): readonly (string | undefined)[] =>
    [
      ...new Set(seen.flat().flatMap(({ netns, client }) => (netns === director ? [client] : []))),
    ].sort();
  const [first = 0, second = 0] = directors[0] ?? [];
  assert.deepEqual(clientsOf(first), clientsOf(second));
});
