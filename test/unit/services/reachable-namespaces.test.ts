import assert from 'node:assert/strict';
import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import {
  hostNetns,
  namespaceNames,
  reachableNamespaces,
} from '../../../src/services/reachable-namespaces.js';
import { Machine } from './machine.js';

let machine: Machine;
beforeEach(() => {
  machine = new Machine();
});
afterEach(() => machine.remove());

test("the host's is that of process 1, else the own one", () => {
  assert.equal(hostNetns(machine.root), 1000);
  machine.process(1, 4026531840);
  assert.equal(hostNetns(machine.root), 4026531840);
  assert.equal(hostNetns('/nowhere'), 0);
});

test('the own machine has one, and this process is in it', () => {
  assert.ok(hostNetns() > 0);
  assert.equal(statSync('/proc/self/ns/net').ino, hostNetns());
});

test('each namespace once, with processes of it', () => {
  for (let pid = 10; pid < 20; pid++) machine.process(pid, 1000);
  machine.process(5, 2000);
  writeFileSync(join(machine.root, 'proc/uptime'), '');
  const { processes, unreadable } = reachableNamespaces(machine.root);
  assert.deepEqual([...processes.keys()].sort(), [1000, 2000]);
  assert.deepEqual(processes.get(2000), [5]);
  assert.ok((processes.get(1000)?.length ?? 0) >= 2);
  assert.equal(unreadable, 0);
});

test('names of iproute2 and Docker, of namespaces alone', () => {
  const { root } = machine;
  // On a machine the link leads to the file system of namespaces; here to that of the fixture.
  writeFileSync(join(root, 'proc/self/ns/net:[1000]'), '');
  mkdirSync(join(root, 'run/netns'), { recursive: true });
  mkdirSync(join(root, 'run/docker/netns'), { recursive: true });
  writeFileSync(join(root, 'run/netns/blue'), '');
  writeFileSync(join(root, 'run/docker/netns/ingress_sbox'), '');
  // Nothing is mounted on it: it is of another file system.
  symlinkSync('/proc/self/stat', join(root, 'run/netns/stale'));
  symlinkSync('/nowhere', join(root, 'run/netns/gone'));
  const inode = (path: string): number => statSync(join(root, path)).ino;
  assert.deepEqual(
    namespaceNames(root),
    new Map([
      [inode('run/netns/blue'), 'blue'],
      [inode('run/docker/netns/ingress_sbox'), 'ingress_sbox'],
    ]),
  );
});

test('without either directory there are no names', () => {
  writeFileSync(join(machine.root, 'proc/self/ns/net:[1000]'), '');
  assert.equal(namespaceNames(machine.root).size, 0);
  assert.equal(namespaceNames('/nowhere').size, 0);
});
