/**
 * Runs in the lab's instruction-counting guest: sends packets from the node itself, alone and with
 * each observer attached, and prints one line of JSON a measurement. Takes the paths of the compiled
 * packets.c, attach.c and empty.bpf.c, the number of rounds and, for fewer observers, their names.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { run } from '../../kernel/command.js';
import { findBpftrace, startBpftrace } from './bpftrace.js';
import { startEmpty } from './empty-observer.js';
import {
  type Attached,
  type Flow,
  type Measurement,
  type ObserverName,
  observers,
} from './measurement.js';
import { type AttachedObserver, startServe } from './serve-observer.js';

const [sender = '', attacher = '', emptyObject = '', roundsText = '', chosenNames] =
  process.argv.slice(2);
const ROUNDS = Number(roundsText);
const PACKETS = 10_000;
const WARMUPS = 1_000;
/** Each leaves an entry behind, and the more entries the longer a lookup takes. */
const NEW_PACKETS = 1_000;

const HOST = '10.0.2.1';
const virtual = { ordinary: '10.96.0.10', notable: '10.96.0.20' } as const;
const servers = { ordinary: '10.0.2.2', notable: '10.0.2.3' } as const;
const FIRST_PORT = 40_001;
let lastPort = FIRST_PORT;
let lastClient = 0;

interface Burst {
  readonly client?: string;
  readonly from: number;
  readonly to: string;
  readonly port: number;
  readonly kind: 'syn' | 'ack' | 'new';
  readonly warmups?: number;
  readonly count: number;
}

/** The CPU time of `count` packets, in nanoseconds. */
const send = ({ client = HOST, from, to, port, kind, warmups = 0, count }: Burst): number =>
  Number(run(sender, client, ...[from, to, port, kind, warmups, count].map(String)).trim());

const weigh = (flow: keyof typeof virtual, how: '-a' | '-e', weight: number): void => {
  const [service, server] = [`${virtual[flow]}:80`, `${servers[flow]}:8080`];
  run('ipvsadm', how, '-t', service, '-r', server, '-m', '-w', String(weight));
};

/**
 * An entry of a port never used; of the notable flow its server then has weight 0. Made for every
 * measurement: while the guest is idle its clock runs ahead, and entries end.
 */
function open(flow: keyof typeof virtual): number {
  const from = ++lastPort;
  const to = { from, to: virtual[flow], port: 80, count: 1 } as const;
  weigh(flow, '-e', 1);
  send({ ...to, kind: 'syn' });
  send({ ...to, kind: 'ack' });
  if (flow === 'notable') weigh(flow, '-e', 0);
  return from;
}

function burst(flow: Flow): Burst & { readonly warmups: number } {
  const counts = { warmups: WARMUPS, count: PACKETS };
  switch (flow) {
    case 'direct':
      return { from: FIRST_PORT, to: servers.ordinary, port: 8080, kind: 'ack', ...counts };
    case 'local':
    case 'defended':
      return { from: FIRST_PORT, to: servers.ordinary, port: 8080, kind: 'ack', ...counts };
    case 'new':
    case 'afterDrop':
      return {
        client: `10.0.2.${100 + lastClient++}`,
        from: 1024,
        to: virtual.ordinary,
        port: 80,
        kind: 'new',
        warmups: NEW_PACKETS / 10,
        count: NEW_PACKETS,
      };
    default: {
      const kind = flow === 'notable' ? 'syn' : 'ack';
      return { from: open(flow), to: virtual[flow], port: 80, kind, ...counts };
    }
  }
}

function tell(line: Measurement | Attached): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function measure(observer: ObserverName, flow: Flow, round: number): number {
  const packets = burst(flow);
  const { warmups, count } = packets;
  tell({ observer, flow, round, instructions: send(packets) / count });
  process.stderr.write(`bench: round ${round + 1} of ${ROUNDS}: ${flow}, seen by ${observer}\n`);
  return warmups + count;
}

function buildNode(): void {
  run('modprobe', '-a', 'ip_vs', 'ip_vs_rr', 'dummy');
  run('ip', 'link', 'add', 'servers', 'type', 'dummy');
  run('ip', 'address', 'add', `${HOST}/24`, 'dev', 'servers');
  run('ip', 'link', 'set', 'servers', 'up');
}

function buildServices(): void {
  for (const flow of ['ordinary', 'notable'] as const) {
    run('ip', 'address', 'add', `${virtual[flow]}/32`, 'dev', 'servers');
    run('ipvsadm', '-A', '-t', `${virtual[flow]}:80`, '-s', 'rr');
    weigh(flow, '-a', 1);
  }
  run('sysctl', '-q', 'net.ipv4.vs.conn_reuse_mode=0');
}

/** Whether the kernel drops an opening packet, from a port never used. */
function drops(): boolean {
  const port = ++lastPort;
  const target = [virtual.ordinary, 80, 'syn', 0, 1].map(String);
  return spawnSync(sender, [HOST, String(port), ...target]).status !== 0;
}

/** The kernel takes the setting over once a second (defense_work_handler(), ip_vs_ctl.c). */
function defend(active: boolean): void {
  run('sysctl', '-q', 'net.ipv4.vs.am_droprate=1', `net.ipv4.vs.drop_packet=${active ? 3 : 0}`);
  const deadline = performance.now() + 60_000;
  while (drops() !== active) {
    assert.ok(performance.now() < deadline, `drop_packet ${active ? 'acts' : 'rests'}`);
  }
}

async function attach(observer: ObserverName): Promise<AttachedObserver | undefined> {
  switch (observer) {
    case 'nobody':
      return undefined;
    case 'bpftrace':
      return startBpftrace();
    case 'empty':
      return startEmpty(attacher, emptyObject);
    case 'trace':
      return startServe('--attach', 'fexit', '--trace');
    default:
      return startServe('--attach', observer);
  }
}

buildNode();
for (let round = 0; round < ROUNDS; round++) measure('nobody', 'direct', round);
buildServices();
const names = Object.keys(observers) as ObserverName[];
const chosen = chosenNames?.split(',') ?? names;
const present = names.filter(
  (name) => chosen.includes(name) && (name !== 'bpftrace' || findBpftrace()),
);
for (let round = 0; round < ROUNDS; round++) {
  for (const index of present.keys()) {
    const observer = present[(index + round) % present.length] ?? 'nobody';
    const startMs = performance.now();
    const attached = await attach(observer);
    if (attached !== undefined) {
      tell({ observer, round, attachMs: performance.now() - startMs });
    }
    measure(observer, 'ordinary', round);
    measure(observer, 'new', round);
    const sent = measure(observer, 'notable', round);
    measure(observer, 'local', round);
    defend(true);
    measure(observer, 'defended', round);
    defend(false);
    measure(observer, 'afterDrop', round);
    const told = await attached?.end();
    if (told !== undefined) assert.equal(told, sent, `${observer} told ${told} of ${sent} packets`);
  }
}
