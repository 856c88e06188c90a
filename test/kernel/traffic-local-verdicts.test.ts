import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { CleanUp } from '../../src/testbed/clean-up.js';
import { Running, run } from './command.js';
import { compiled } from './exact/programs.js';

// Three clients of the node share a CPU, as in traffic-local, and each sends in turn what ends one
// way and what ends another. Where a task is preempted in the probe, runs of it are skipped for the
// others, and the verdict of one packet could be given to another: then a kind would have a verdict
// here that none of its packets had.

const HOST = '10.0.8.1';
const VIRTUAL = '10.96.8.10';
/** Of one virtual service each, by its port. */
const port = { draining: 80, gone: 81, alive: 82 } as const;
const servers = { draining: '10.0.8.2:8080', gone: '10.0.8.3:8080', alive: '10.0.8.4:8080' };
const CLIENTS = [0, 1, 2];
const RUNS = 3;
/** Packets of each client, each way, in each run: 180,000 of each way. */
const ROUNDS = 60_000;

const services = Object.keys(port) as readonly (keyof typeof port)[];
const number = (pattern: RegExp, text: string): number => Number(pattern.exec(text)?.[1] ?? 0);

/** Source port, target port and flags, as turns.c takes them. */
const turn = (client: number, service: keyof typeof port, flags: string): string =>
  [42_000 + 100 * client + port[service], port[service], flags].join(':');

const turns = (rounds: number, ...of: readonly string[]): readonly string[] => [
  ...[HOST, VIRTUAL, String(rounds)],
  ...of,
];

function weigh(service: keyof typeof port, how: '-a' | '-e', weight: number): void {
  const [address, server] = [`${VIRTUAL}:${port[service]}`, servers[service]];
  run('ipvsadm', how, '-t', address, '-r', server, '-m', '-w', String(weight));
}

async function withServices(play: (cleanUp: CleanUp) => Promise<void>): Promise<void> {
  const cleanUp = new CleanUp();
  try {
    run('modprobe', '-a', 'ip_vs', 'ip_vs_rr', 'dummy');
    run('ip', 'link', 'add', 'servers', 'type', 'dummy');
    cleanUp.add('servers', () => void run('ip', 'link', 'delete', 'servers'));
    run('ip', 'address', 'add', `${HOST}/24`, 'dev', 'servers');
    run('ip', 'address', 'add', `${VIRTUAL}/32`, 'dev', 'servers');
    run('ip', 'link', 'set', 'servers', 'up');
    for (const service of services) {
      const address = `${VIRTUAL}:${port[service]}`;
      run('ipvsadm', '-A', '-t', address, '-s', 'rr');
      cleanUp.add(service, () => void run('ipvsadm', '-D', '-t', address));
      weigh(service, '-a', 1);
    }
    for (const client of CLIENTS) {
      const opened = (['draining', 'gone'] as const).flatMap((service) =>
        ['S', 'A'].map((flags) => turn(client, service, flags)),
      );
      // A FIN in SYN_RECV leaves the entry in TIME_WAIT (tcp_states, ip_vs_proto_tcp.c).
      const closed = ['S', 'F'].map((flags) => turn(client, 'alive', flags));
      run(compiled('turns'), ...turns(1, ...opened, ...closed));
    }
    weigh('draining', '-e', 0);
    run('ipvsadm', '-d', '-t', `${VIRTUAL}:${port.gone}`, '-r', servers.gone);
    await play(cleanUp);
  } finally {
    await cleanUp.run();
  }
}

/** What the clients sent, and what the kernel refused of it, in the order of the turns. */
async function send(rounds: number, of: (client: number) => readonly string[]) {
  const cpu = String(availableParallelism() - 1);
  const outputs = await Promise.all(
    CLIENTS.map((client) =>
      promisify(execFile)('taskset', [
        ...['-c', cpu, compiled('turns')],
        ...turns(rounds, ...of(client)),
      ]),
    ),
  );
  const lines = outputs.map(({ stdout }) =>
    stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' ').map(Number)),
  );
  return (lines[0] ?? []).map((_, index) => {
    const sum = (column: number): number =>
      lines.reduce((total, client) => total + (client[index]?.[column] ?? 0), 0);
    return { sent: sum(0), refused: sum(1) };
  });
}

interface Told {
  readonly summary: string;
  readonly unpaired: number;
  readonly missed: number;
  /** Packets, by kind and verdict. */
  readonly packets: ReadonlyMap<string, number>;
}

async function traced(
  variant: string,
  options: readonly string[],
  play: () => Promise<void>,
): Promise<Told> {
  const trace = await Running.attached(['trace', '--attach', variant, ...options]);
  try {
    await play();
  } finally {
    await trace.end();
  }
  const { code, stderr } = await trace.ended;
  assert.equal(code, 0, stderr);
  const summary = stderr.trimEnd().split('\n').at(-1) ?? '';
  const packets = new Map<string, number>();
  for (const [, count, way] of summary.matchAll(
    /(\d+) ([a-z]+ (?:forwarded|rescheduled|dropped|rejected|passed))/g,
  )) {
    packets.set(way ?? '', (packets.get(way ?? '') ?? 0) + Number(count));
  }
  return {
    summary,
    // Either way its verdict was not seen, and it is counted.
    unpaired: number(/(\d+) unpaired/, summary) + number(/(\d+) pending_full/, summary),
    missed: number(/(\d+) skipped runs of fexit ip_vs_conn_in_get_proto/, summary),
    packets,
  };
}

/** Ways that the packets of this test have, and no others. */
function assertWays({ packets, summary }: Told, ways: readonly string[]): void {
  const strange = [...packets.keys()].filter((way) => !ways.includes(way));
  assert.deepEqual(strange, [], summary);
}

// Before anything is asked about it, and before the guest is busy.
run('modprobe', 'ip_vs');

for (const variant of existsSync('/sys/kernel/btf/ip_vs') ? ['fexit', 'kprobe'] : ['kprobe']) {
  for (const mode of [0, 1]) {
    test(`no packet is given another's verdict: ${variant}, conn_reuse_mode=${mode}`, async (t) => {
      await withServices(async (cleanUp) => {
        run('sysctl', '-q', `net.ipv4.vs.conn_reuse_mode=${mode}`);
        cleanUp.add('setting', () => void run('sysctl', '-q', 'net.ipv4.vs.conn_reuse_mode=1'));
        for (let round = 1; round <= RUNS; round++) {
          let ways: Awaited<ReturnType<typeof send>> = [];
          const told = await traced(variant, ['--summary'], async () => {
            ways = await send(ROUNDS, (client) => [
              turn(client, 'gone', 'S'),
              turn(client, 'draining', 'S'),
            ]);
          });
          t.diagnostic(`run ${round}: ${told.summary}`);
          assert.deepEqual(ways, [
            { sent: 3 * ROUNDS, refused: 3 * ROUNDS },
            { sent: 3 * ROUNDS, refused: 0 },
          ]);
          assertWays(told, ['reuse forwarded', 'unavailable dropped']);
          const seen = [...told.packets.values()].reduce((sum, count) => sum + count, 0);
          assert.equal(seen + told.unpaired + told.missed, 6 * ROUNDS, told.summary);
        }
      });
    });
  }

  test(`no packet is given another's verdict, rescheduled ones among them: ${variant}`, async (t) => {
    await withServices(async () => {
      for (let round = 1; round <= RUNS; round++) {
        const told = await traced(variant, ['--summary'], async () => {
          await send(ROUNDS / 2, (client) => [
            turn(client, 'gone', 'S'),
            turn(client, 'alive', 'S'),
            // Not notable.
            turn(client, 'alive', 'F'),
          ]);
        });
        t.diagnostic(`run ${round}: ${told.summary}`);
        // The FIN may find the entry that was expired: then the next SYN, whose ISN is the same, meets
        // a new one that is opening still, and goes to its server. One in TIME_WAIT is never kept.
        assertWays(told, ['reuse rescheduled', 'retransmit forwarded', 'unavailable dropped']);
        const seen = [...told.packets.values()].reduce((sum, count) => sum + count, 0);
        assert.ok(seen + told.unpaired <= 3 * ROUNDS, told.summary);
        // Of the packets that are not notable as well.
        assert.ok(seen + told.unpaired + told.missed >= 3 * ROUNDS, told.summary);
      }
    });
  });
}
