import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { IpvsEvent } from '../../src/wire/event.js';
import { Running, run } from './command.js';

/** What stands below `not explained`, a line each. */
const misfitsIn = (report: string): readonly string[] =>
  /^not explained: .*\n((?: {2}.*\n)*)/m.exec(report)?.[1]?.trimEnd().split('\n') ?? [];
const LATE = /\(connected, \d+ ms\): (slow, and no event says why|no server said its name)$/;

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
  // Each probe sees both; each stage judges what is its own. Two stages at once can make the clients
  // of an emulated machine late, which is no fault of an event: nothing else may fail to fit.
  for (const { stderr } of ended) {
    assert.match(stderr, /^(explained: 54 connects and \d+ events|not explained: \d+ things)/m);
    const misfits = misfitsIn(stderr).filter((line) => !LATE.test(line));
    assert.deepEqual(misfits, [], stderr);
  }
  const clients = new Map<number, Set<string | undefined>>();
  for (const { netns, client } of seen.flat()) {
    clients.set(netns, (clients.get(netns) ?? new Set()).add(client));
  }
  assert.equal(clients.size, 2);
  const [first, second] = [...clients.values()];
  assert.deepEqual([...(first ?? [])].sort(), [...(second ?? [])].sort());
});
