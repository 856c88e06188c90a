import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { CleanUp } from '../../src/testbed/clean-up.js';
import { compileProgram } from '../bench/compile.js';
import { Running, run } from './command.js';

// Clients on the node itself that share a CPU: ip_vs works in their time, and where the kernel is
// preemptible it may take the CPU away in the middle of the probe. The kernel then skips the probe
// for whoever has the CPU meanwhile. What was not seen has to be counted, to the last packet.

const HOST = '10.0.9.1';
const VIRTUAL = '10.96.9.10';
const SERVER = '10.0.9.2:8080';
const CLIENTS = [41_001, 41_002, 41_003];
const PACKETS = 30_000;

const number = (pattern: RegExp, text: string): number => Number(pattern.exec(text)?.[1] ?? 0);

async function withService(
  play: (sender: string, cleanUp: CleanUp) => Promise<void>,
): Promise<void> {
  const cleanUp = new CleanUp();
  const sender = await compileProgram('packets');
  try {
    run('modprobe', '-a', 'ip_vs', 'ip_vs_rr', 'dummy');
    run('ip', 'link', 'add', 'servers', 'type', 'dummy');
    cleanUp.add('servers', () => void run('ip', 'link', 'delete', 'servers'));
    run('ip', 'address', 'add', `${HOST}/24`, 'dev', 'servers');
    run('ip', 'address', 'add', `${VIRTUAL}/32`, 'dev', 'servers');
    run('ip', 'link', 'set', 'servers', 'up');
    run('ipvsadm', '-A', '-t', `${VIRTUAL}:80`, '-s', 'rr');
    cleanUp.add('service', () => void run('ipvsadm', '-D', '-t', `${VIRTUAL}:80`));
    run('ipvsadm', '-a', '-t', `${VIRTUAL}:80`, '-r', SERVER, '-m', '-w', '1');
    run('sysctl', '-q', 'net.ipv4.vs.conn_reuse_mode=0');
    cleanUp.add('setting', () => void run('sysctl', '-q', 'net.ipv4.vs.conn_reuse_mode=1'));
    for (const port of CLIENTS) {
      for (const kind of ['syn', 'ack']) run(sender, ...packets(port, kind, 1));
    }
    run('ipvsadm', '-e', '-t', `${VIRTUAL}:80`, '-r', SERVER, '-m', '-w', '0');
    await play(sender, cleanUp);
  } finally {
    await cleanUp.run();
  }
}

const packets = (port: number, kind: string, count: number): readonly string[] =>
  [HOST, port, VIRTUAL, 80, kind, 0, count].map(String);

/** What ip_vs itself has counted; it adds the CPUs up every two seconds (ip_vs_est.c). */
async function untilCounted(packets: number): Promise<void> {
  const deadline = performance.now() + 10_000;
  let counted = 0;
  while (counted !== packets && performance.now() < deadline) {
    counted = number(/^TCP .*?\s+\d+\s+(\d+)/m, run('ipvsadm', '-Ln', '--stats', '--exact'));
    await setTimeout(100);
  }
  assert.equal(counted, packets, 'ip_vs has counted every packet');
}

// Before anything is asked about it.
run('modprobe', 'ip_vs');

for (const variant of existsSync('/sys/kernel/btf/ip_vs') ? ['fexit', 'kprobe'] : ['kprobe']) {
  test(`clients on one CPU of the node: what is seen and what is not is all there was: ${variant}`, async (t) => {
    await withService(async (sender, cleanUp) => {
      const before = 2 * CLIENTS.length;
      await untilCounted(before);
      const trace = await Running.attached(['trace', '--summary', '--attach', variant]);
      cleanUp.add('trace', () => trace.end());
      const cpu = String(availableParallelism() - 1);
      await Promise.all(
        CLIENTS.map((port) =>
          promisify(execFile)('taskset', ['-c', cpu, sender, ...packets(port, 'syn', PACKETS)]),
        ),
      );
      const sent = CLIENTS.length * PACKETS;
      await untilCounted(before + sent);
      const { code, stderr } = await trace.end();
      assert.equal(code, 0);
      const summary = stderr.trimEnd().split('\n').at(-1) ?? '';
      t.diagnostic(`${sent} packets; ${summary}`);
      const seen = number(/(\d+) reuse forwarded to weight 0/, summary);
      const unpaired = number(/(\d+) unpaired/, summary);
      const missed = number(/(\d+) skipped runs of fexit ip_vs_conn_in_get_proto/, summary);
      assert.equal(seen + unpaired + missed, sent);
      if (/nothing lost/.test(summary)) assert.equal(seen, sent);
    });
  });
}
