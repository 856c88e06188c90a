import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Running, run } from './command.js';

// Series are there before the first packet, and the same service in two namespaces is two.

const VIP = '10.96.0.10';
const SERVER = '10.0.2.11';
const NAMESPACE = 'ipvscope-series';
const LISTEN = '127.0.0.1:10966';
const MOST_MS = 60_000;

const inside = ['ip', 'netns', 'exec', NAMESPACE];
const here: readonly string[] = [];

/** A process in the namespace; before that it has only its name. */
let holder: ChildProcess | undefined;
let serve: Running;
let netns: number;

before(async () => {
  run('modprobe', '-a', 'ip_vs', 'ip_vs_rr', 'dummy');
  run('ip', 'netns', 'add', NAMESPACE);
  netns = statSync(`/run/netns/${NAMESPACE}`).ino;
  for (const where of [here, inside]) {
    run(...where, 'ip', 'link', 'set', 'lo', 'up');
    run(...where, 'ip', 'link', 'add', 'series0', 'type', 'dummy');
    run(...where, 'ip', 'link', 'set', 'series0', 'up');
    for (const address of [VIP, SERVER]) {
      run(...where, 'ip', 'address', 'add', `${address}/32`, 'dev', 'series0');
    }
    run(...where, 'sysctl', '-qw', 'net.ipv4.vs.conn_reuse_mode=0');
  }
  serve = await Running.attached(['serve', '--web.listen-address', LISTEN]);
});

after(async () => {
  await serve?.end();
  holder?.kill();
  run('ipvsadm', '-C');
  run('ip', 'link', 'delete', 'series0');
  run('ip', 'netns', 'delete', NAMESPACE);
});

async function scrape(): Promise<string[]> {
  const text = await (await fetch(`http://${LISTEN}/metrics`)).text();
  return text.split('\n');
}

/** Scrapes until there is such a sample; the table is read once a second at most. */
async function sample(text: string): Promise<string[]> {
  const start = performance.now();
  for (;;) {
    const lines = await scrape();
    if (lines.includes(text)) return lines;
    assert.ok(
      performance.now() - start < MOST_MS,
      `no '${text}' among\n${lines.filter((line) => line.startsWith('ipvs_')).join('\n')}`,
    );
  }
}

const service = (namespace: string): string =>
  `proto="TCP",local_address="${VIP}",local_port="80",local_mark="",netns="${namespace}"`;
const server = `remote_address="${SERVER}",remote_port="8080"`;
const toDraining = (namespace: string, cause = 'reuse'): string =>
  `ipvs_new_connections_to_draining_total{${service(namespace)},${server},cause="${cause}"}`;
const reused = (namespace: string, draining: boolean): string =>
  `ipvs_port_reuse_total{${service(namespace)},verdict="forwarded",conn_state="TIME_WAIT",draining="${draining}"}`;

function addService(where: readonly string[]): void {
  run(...where, 'ipvsadm', '-A', '-t', `${VIP}:80`, '-s', 'rr');
  run(...where, 'ipvsadm', '-a', '-t', `${VIP}:80`, '-r', `${SERVER}:8080`, '-m', '-w', '1');
}

const setWeight = (where: readonly string[], weight: number): string =>
  run(
    ...[...where, 'ipvsadm', '-e', '-t', `${VIP}:80`, '-r', `${SERVER}:8080`],
    ...['-m', '-w', `${weight}`],
  );

/** A real server, and a client that connects from that port; the server closes first. */
async function connect(where: readonly string[], clientPort: number): Promise<void> {
  const script = `
    const net = require('node:net');
    const server = net.createServer((socket) => socket.end()).listen(8080, '${SERVER}', () => {
      const client = net.connect({ host: '${VIP}', port: 80, localPort: ${clientPort} });
      client.resume();
      client.once('close', (failed) => process.exit(failed ? 1 : 0));
    });`;
  const [program = '', ...args] = [...where, process.execPath, '-e', script];
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = await once(child, 'close');
  assert.equal(code, 0);
}

test('a service has its counters at 0 before any packet', async () => {
  addService(here);
  const lines = await sample(`${toDraining('')} 0`);
  const ofService = lines.filter((line) => line.includes(service('')));
  assert.ok(ofService.length > 20);
  assert.deepEqual(
    ofService.filter((line) => !line.endsWith(' 0')),
    [],
  );
  for (const counter of [
    `${reused('', true)} 0`,
    `ipvs_dropped_packets_total{${service('')},cause="conntrack",opening="true"} 0`,
    `ipvs_opening_packets_total{${service('')}} 0`,
    `ipvs_orphan_packets_total{${service('')}} 0`,
    `ipvs_connect_delay_seconds_count{${service('')},cause="conntrack"} 0`,
  ]) {
    assert.ok(lines.includes(counter), counter);
  }
  assert.ok(lines.includes('ipvscope_zero_series_omitted 0'));
});

test('a server whose weight becomes 0 has its series at 0', async () => {
  setWeight(here, 0);
  const lines = await sample(`ipvs_draining_packets_total{${service('')},${server}} 0`);
  assert.ok(lines.includes(`${toDraining('')} 0`));
  assert.ok(lines.includes(`${toDraining('', 'template')} 0`));
  setWeight(here, 1);
});

test('the same service in a namespace that no process is in is another series', async () => {
  addService(inside);
  const lines = await sample(`${toDraining(`${netns}`)} 0`);
  assert.ok(lines.includes(`${toDraining('')} 0`));
  assert.ok(lines.includes('ipvscope_virtual_services 2'));
});

test('a reused port in each, weight 0 in one', async () => {
  const [program = '', ...args] = [...inside, 'sleep', 'infinity'];
  holder = spawn(program, args, { stdio: 'ignore' });
  await connect(here, 40001);
  await connect(inside, 40001);
  setWeight(inside, 0);
  await connect(here, 40001);
  await connect(inside, 40001);
  await sample(`${reused('', false)} 1`);
  const lines = await sample(`${reused(`${netns}`, true)} 1`);
  for (const line of [
    `${toDraining(`${netns}`)} 1`,
    `${toDraining('')} 0`,
    `${reused('', true)} 0`,
    `${reused(`${netns}`, false)} 0`,
  ]) {
    assert.ok(lines.includes(line), line);
  }
});

test('a service that is gone takes its zeros along', async () => {
  run(...inside, 'ipvsadm', '-D', '-t', `${VIP}:80`);
  const lines = await sample('ipvscope_virtual_services 1');
  assert.ok(
    !lines.some((line) => line.startsWith(`ipvs_orphan_packets_total{${service(`${netns}`)}`)),
  );
  assert.ok(lines.includes(`${toDraining(`${netns}`)} 1`), 'its packets still count');
});
