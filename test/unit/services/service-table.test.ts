import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { ServiceTable } from '../../../src/services/service-table.js';
import { SLICE_MS, Slices } from '../../../src/slices.js';
import { Machine } from './machine.js';

const HEAD = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
`;
const service = (port: number, ...servers: readonly string[]): string =>
  `TCP  0A60000A:${port.toString(16).padStart(4, '0')} rr  \n${servers.join('')}`;
const server = (weight: number, active = 0): string =>
  `  -> 0A00020B:1F90      Masq    ${weight}      ${active}          0         \n`;

let machine: Machine;
let now: number;
let changes: number;
beforeEach(() => {
  machine = new Machine().process('self', 1000, HEAD);
  now = 0;
  changes = 0;
});
afterEach(() => machine.remove());

/** A table on the machine, whose reads take no time on its clock. */
function tableOf(slices?: () => Slices): ServiceTable {
  const table = new ServiceTable({
    root: machine.root,
    now: () => now,
    slices: slices ?? (() => new Slices(() => now)),
  });
  table.onChange(() => changes++);
  return table;
}

/** A second later, so that what is known is no longer fresh. */
async function refresh(table: ServiceTable): Promise<void> {
  now += 1000;
  await table.refresh();
}

const ports = (table: ServiceTable): string[] =>
  table.services.map(({ netns, port }) => `${netns}:${port}`).sort();

test('services of every namespace, each namespace once', async () => {
  machine.process(1, 1000, HEAD + service(80, server(1)));
  machine.process(10, 1000, HEAD + service(80, server(1)));
  machine.process(11, 2000, HEAD + service(80, server(1)) + service(81));
  machine.process(12, 3000, HEAD);
  const table = tableOf();
  await table.refresh();
  assert.deepEqual(ports(table), ['1000:80', '2000:80', '2000:81']);
  assert.equal(changes, 1);
  const { services, servers, namespaces, reads } = table.state();
  assert.deepEqual(
    { services, servers, namespaces, reads },
    {
      services: 3,
      servers: 2,
      namespaces: 3,
      reads: 1,
    },
  );
  assert.deepEqual(
    table.keys().map(({ netns, port }) => `${netns}:${port}`),
    table.services.map(({ netns, port }) => `${netns}:${port}`),
  );
});

test('a namespace with a name and without a process is entered, others are not', async () => {
  const { root } = machine;
  writeFileSync(join(root, 'proc/self/ns/net:[1000]'), '');
  mkdirSync(join(root, 'run/docker/netns'), { recursive: true });
  const names = ['ingress_sbox', 'of-a-process', 'locked'];
  const [ingress = 0, ofProcess = 0] = names.map((name) => {
    writeFileSync(join(root, 'run/docker/netns', name), HEAD + service(80, server(1)));
    return statSync(join(root, 'run/docker/netns', name)).ino;
  });
  machine.process(10, ofProcess, HEAD + service(81));
  const entered: string[] = [];
  const table = new ServiceTable({
    root,
    readInside: async (path, name) => {
      entered.push(`${basename(path)} ${name}`);
      if (path.endsWith('locked')) throw Object.assign(new Error('no'), { code: 'EPERM' });
      return readFileSync(path);
    },
  });
  await table.refresh();
  assert.deepEqual(ports(table), [`${ingress}:80`, `${ofProcess}:81`].sort());
  assert.deepEqual(entered.sort(), ['ingress_sbox ip_vs', 'locked ip_vs']);
  assert.equal(table.state().unreadableNamespaces, 1);
});

test('while ip_vs is not loaded there is nothing to read', async () => {
  machine.process('self', 1000);
  machine.process(11, 2000, HEAD + service(80));
  const table = tableOf();
  await table.refresh();
  assert.deepEqual([table.services, changes], [[], 0]);
});

test('a process that is gone is no reason to miss its namespace', async () => {
  machine.process(1, 1000, HEAD);
  machine.process(10, 2000);
  machine.process(11, 2000, HEAD + service(80));
  const table = tableOf();
  await table.refresh();
  assert.deepEqual(ports(table), ['2000:80']);
});

test('only what decides about packets is a change', async () => {
  const steps: readonly (readonly [string, number])[] = [
    [service(80, server(1)), 1],
    [service(80, server(1)), 0],
    [service(80, server(1, 42)), 0],
    [service(80, server(0, 42)), 1],
    [service(80), 1],
    [service(80).replace('rr', 'lc'), 1],
    [service(80).replace('rr', 'lc') + service(81), 1],
  ];
  const table = tableOf();
  for (const [text, expected] of steps) {
    changes = 0;
    machine.process(1, 1000, HEAD + text);
    await refresh(table);
    assert.equal(changes, expected, text);
  }
  assert.equal(table.services[0]?.scheduler, 'lc');
});

test('a service is gone when two reads in a row did not find it', async () => {
  machine.process(1, 1000, HEAD + service(80) + service(81));
  const table = tableOf();
  await refresh(table);
  changes = 0;
  for (const [text, known] of [
    [service(80), '1000:80 1000:81'],
    [service(80) + service(81), '1000:80 1000:81'],
    [service(80), '1000:80 1000:81'],
    [service(80), '1000:80'],
  ] as const) {
    machine.process(1, 1000, HEAD + text);
    await refresh(table);
    assert.equal(ports(table).join(' '), known);
  }
  assert.equal(changes, 1);
});

test('what is fresh is not read again', async () => {
  machine.process(1, 1000, HEAD);
  const table = tableOf();
  await table.refresh();
  now += 999;
  await table.refresh();
  assert.equal(table.state().reads, 1);
  now += 1;
  await table.refresh();
  assert.equal(table.state().reads, 2);
});

test('no more than a hundredth of the time is spent on reads', async () => {
  machine.process(1, 1000, HEAD);
  let elapsed = 0;
  // Each look at this clock takes 4 ms.
  const table = tableOf(() => new Slices(() => (elapsed += 4)));
  await table.refresh();
  const took = table.state().seconds * 1000;
  assert.ok(took >= 4 && took < 1000, `${took}`);
  now += 100 * took - 1;
  await table.refresh();
  assert.equal(table.state().reads, 1);
  now += 1;
  await table.refresh();
  assert.equal(table.state().reads, 2);
});

test('a long read lets others run, slice by slice', async () => {
  let text = HEAD;
  for (let port = 1; port <= 8000; port++) text += service(port, server(1));
  machine.process(1, 1000, text);
  machine.process(10, 2000, text);
  let clock = 0;
  let pauses = 0;
  const table = tableOf(
    () =>
      new Slices(
        () => (clock += SLICE_MS),
        async () => {
          pauses++;
        },
      ),
  );
  await table.refresh();
  assert.equal(table.services.length, 16_000);
  // A piece of 64 KiB each, and a namespace each.
  assert.ok(pauses >= (2 * text.length) / 65_536, `${pauses} pauses`);
});

test('who asks while a read is under way gets its result', async () => {
  machine.process(1, 1000, HEAD + service(80));
  const table = tableOf();
  await Promise.all([table.refresh(), table.refresh()]);
  assert.deepEqual(ports(table), ['1000:80']);
  assert.equal(table.state().reads, 1);
});

test('a read that the system refuses changes nothing, and is counted', async () => {
  machine.process(1, 1000, HEAD + service(80));
  const table = tableOf();
  await refresh(table);
  rmSync(join(machine.root, 'proc/1/net/ip_vs'));
  mkdirSync(join(machine.root, 'proc/1/net/ip_vs'));
  for (let times = 0; times < 3; times++) await refresh(table);
  assert.deepEqual(ports(table), ['1000:80']);
  assert.equal(table.state().failedReads, 3);
});

test('once stopped, nothing is read', async () => {
  machine.process(1, 1000, HEAD + service(80));
  const table = tableOf();
  table.stop();
  await table.start();
  assert.equal(table.state().reads, 0);
});
