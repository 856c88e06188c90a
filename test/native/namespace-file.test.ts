import assert from 'node:assert/strict';
import { readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { readInNamespace } from '../../src/native/addon.js';

test('a file as it is inside a namespace; this process stays where it is', async () => {
  const before = readlinkSync('/proc/thread-self/ns/net');
  const reads = Array.from({ length: 8 }, () => readInNamespace('/proc/self/ns/net', 'dev'));
  for (const bytes of await Promise.all(reads)) {
    assert.match(Buffer.from(bytes).toString(), /^Inter-[\s\S]*^ *lo:/m);
  }
  assert.equal(readlinkSync('/proc/thread-self/ns/net'), before);
});

const refused = [
  ['/proc/self/ns/nothing', 'dev', 'ENOENT'],
  ['/proc/self/ns/uts', 'dev', 'EINVAL'],
  ['/proc/self/status', 'dev', 'EINVAL'],
  ['/proc/self/ns/net', 'nothing', 'ENOENT'],
  ['/proc/self/ns/net', '', 'EISDIR'],
] as const;

for (const [namespace, name, code] of refused) {
  test(`${namespace}, ${name}: ${code}`, async () => {
    await assert.rejects(readInNamespace(namespace, name), { code });
  });
}
