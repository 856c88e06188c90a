/**
 * Runs in the lab's instruction-counting guest: sends packets from the node itself, alone and with
 * each observer attached, and prints one line of JSON a measurement. Takes the path of the compiled
 * sender and the number of rounds.
 */
import assert from 'node:assert/strict';
import { run } from '../../kernel/command.js';
import { findBpftrace, startBpftrace } from './bpftrace.js';
import { type Flow, type Measurement, type ObserverName, observers } from './measurement.js';
import { type AttachedObserver, startServe } from './serve-observer.js';

const [sender = '', roundsText = '3'] = process.argv.slice(2);
const ROUNDS = Number(roundsText);
const PACKETS = 10_000;
const WARMUPS = 1_000;

const HOST = '10.0.2.1';
const virtual = { ordinary: '10.96.0.10', notable: '10.96.0.20' } as const;
const servers = { ordinary: '10.0.2.2', notable: '10.0.2.3' } as const;
const PORT = 40_001;

const packets = (target: string, port: number, kind: 'syn' | 'ack', counts: [number, number]) =>
  Number(run(sender, HOST, String(PORT), target, String(port), kind, ...counts.map(String)).trim());

function measure(observer: ObserverName, flow: Flow, round: number): number {
  const target = flow === 'direct' ? servers.ordinary : virtual[flow];
  const kind = flow === 'notable' ? 'syn' : 'ack';
  const nanoseconds = packets(target, flow === 'direct' ? 8080 : 80, kind, [WARMUPS, PACKETS]);
  const measurement: Measurement = { observer, flow, round, instructions: nanoseconds / PACKETS };
  process.stdout.write(`${JSON.stringify(measurement)}\n`);
  process.stderr.write(`bench: round ${round + 1} of ${ROUNDS}: ${flow}, seen by ${observer}\n`);
  return WARMUPS + PACKETS;
}

function buildNode(): void {
  run('modprobe', '-a', 'ip_vs', 'ip_vs_rr', 'dummy');
  run('ip', 'link', 'add', 'servers', 'type', 'dummy');
  run('ip', 'address', 'add', `${HOST}/24`, 'dev', 'servers');
  run('ip', 'link', 'set', 'servers', 'up');
}

/** Two virtual services with an entry each, one of a server of weight 0. */
function buildServices(): void {
  for (const flow of ['ordinary', 'notable'] as const) {
    const service = `${virtual[flow]}:80`;
    const server = `${servers[flow]}:8080`;
    run('ip', 'address', 'add', `${virtual[flow]}/32`, 'dev', 'servers');
    run('ipvsadm', '-A', '-t', service, '-s', 'rr');
    run('ipvsadm', '-a', '-t', service, '-r', server, '-m', '-w', '1');
    packets(virtual[flow], 80, 'syn', [0, 1]);
    if (flow === 'ordinary') packets(virtual[flow], 80, 'ack', [0, 1]);
    else run('ipvsadm', '-e', '-t', service, '-r', server, '-m', '-w', '0');
  }
  run('sysctl', '-q', 'net.ipv4.vs.conn_reuse_mode=0');
}

async function attach(observer: ObserverName): Promise<AttachedObserver | undefined> {
  if (observer === 'nobody') return undefined;
  return observer === 'bpftrace' ? await startBpftrace() : await startServe(observer);
}

buildNode();
for (let round = 0; round < ROUNDS; round++) measure('nobody', 'direct', round);
buildServices();
const present = observers.filter((name) => name !== 'bpftrace' || findBpftrace());
for (let round = 0; round < ROUNDS; round++) {
  for (const index of present.keys()) {
    const observer = present[(index + round) % present.length] ?? 'nobody';
    const attached = await attach(observer);
    measure(observer, 'ordinary', round);
    const sent = measure(observer, 'notable', round);
    const told = await attached?.end();
    if (told !== undefined) assert.equal(told, sent, `${observer} told ${told} of ${sent} packets`);
  }
}
