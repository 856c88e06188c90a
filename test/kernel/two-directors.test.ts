import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { IpvsEvent } from '../../src/wire/event.js';
import { Running, run } from './command.js';

before(() => run('modprobe', 'ip_vs'));

test('two directors with the same addresses and clients: every event says whose it is', async () => {
  const stages = [0, 1].map(() => new Running(['reproduce', 'rollout', '-o', 'json']));
  const ended = await Promise.all(stages.map((stage) => stage.ended));
  const seen = ended.map(({ stdout }) =>
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as IpvsEvent),
  );
  // Each probe sees both; each stage judges what is its own, strictly.
  for (const { code, stderr } of ended) {
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^explained: 54 connects and \d+ events fit together$/m);
  }
  const clients = new Map<number, Set<string | undefined>>();
  for (const { netns, client } of seen.flat()) {
    clients.set(netns, (clients.get(netns) ?? new Set()).add(client));
  }
  assert.equal(clients.size, 2);
  const [first, second] = [...clients.values()];
  assert.deepEqual([...(first ?? [])].sort(), [...(second ?? [])].sort());
});
