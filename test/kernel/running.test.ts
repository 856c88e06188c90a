import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { main, Running, run } from './command.js';

// The commands as a service manager and a shell run them: output that nobody reads, disks that are
// full, few descriptors, signals; and what the exit code says of each.

const VIRTUAL = '10.96.8.10';
const PORT = 9;
const SERVE = ['serve', '--web.listen-address', '127.0.0.1:10966'];
const MIB = 1 << 20;

let directory: string;

before(() => {
  directory = mkdtempSync(join(tmpdir(), 'ipvscope-running-'));
  run('modprobe', '-a', 'ip_vs', 'ip_vs_rr', 'dummy');
  run('ip', 'link', 'add', 'services', 'type', 'dummy');
  run('ip', 'address', 'add', `${VIRTUAL}/32`, 'dev', 'services');
  run('ip', 'link', 'set', 'services', 'up');
  // Without a server: each packet is an event.
  run('ipvsadm', '-A', '-u', `${VIRTUAL}:${PORT}`, '-s', 'rr');
});

after(() => {
  spawnSync('ipvsadm', ['-D', '-u', `${VIRTUAL}:${PORT}`]);
  spawnSync('ip', ['link', 'delete', 'services']);
  rmSync(directory, { recursive: true });
});

/** Sends datagrams to the service; ip_vs drops each, and sending fails for that. */
async function sendPackets(count: number): Promise<void> {
  const socket = createSocket('udp4');
  for (let sent = 0; sent < count; sent++) {
    await new Promise((resolve) => socket.send('x', PORT, VIRTUAL, resolve));
  }
  socket.close();
}

/** A command whose standard output is as told, and who says that it is ready. */
class Command {
  readonly process: ChildProcess;
  readonly ready: string;
  readonly ended: Promise<number | null>;
  stderr = '';

  constructor(args: readonly string[], stdout: number, wrapper: readonly string[] = []) {
    this.ready = join(directory, `ready-${Math.random()}`);
    const [program = '', ...rest] = [
      ...wrapper,
      process.execPath,
      main,
      ...args,
      '--ready-file',
      this.ready,
    ];
    const child = spawn(program, rest, { stdio: ['ignore', stdout, 'pipe'] });
    this.process = child;
    child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    this.ended = once(this.process, 'close').then(([code]) => code as number | null);
  }

  async says(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.stderr)) {
      assert.equal(this.process.exitCode, null, this.stderr);
      assert.ok(this.process.stderr);
      await Promise.race([once(this.process.stderr, 'data'), this.ended]);
    }
  }

  /** Ends it; returns the exit code and how long that took. */
  async end(signal: NodeJS.Signals): Promise<{ code: number | null; seconds: number }> {
    const startMs = performance.now();
    this.process.kill(signal);
    const code = await this.ended;
    return { code, seconds: (performance.now() - startMs) / 1000 };
  }

  get memoryBytes(): number {
    const status = readFileSync(`/proc/${this.process.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  }
}

interface Pipe {
  readonly writer: number;
  readonly reader: number;
}

function makePipe(): Pipe {
  const path = join(directory, `pipe-${Math.random()}`);
  run('mkfifo', path);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { reader, writer: openSync(path, constants.O_WRONLY) };
}

/** Packets of the events that were written, and room for no more than a pipe has. */
function packetsIn({ reader, writer }: Pipe): number {
  closeSync(writer);
  const bytes = Buffer.alloc(MIB);
  let length = 0;
  for (let more = 1; more > 0; length += more) {
    more = readSync(reader, bytes, length, bytes.length - length, null);
  }
  closeSync(reader);
  return bytes
    .toString('utf8', 0, length)
    .split('\n')
    .filter(Boolean)
    .reduce((sum, line) => sum + (JSON.parse(line) as { count: number }).count, 0);
}

/** What a summary says, whatever became of the packets. */
const unscheduled = (summary: string): number =>
  [...summary.matchAll(/(\d+) unscheduled /g)].reduce((sum, [, count]) => sum + Number(count), 0);

const PACKETS = 20_000;
const notWritten = /(\d+) events were not written to standard output: it was not read$/m;

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`trace that nobody reads: ${PACKETS} events, ${signal}`, async (t) => {
    const pipe = makePipe();
    const trace = new Command(['trace', '-o', 'json', '-k', 'unscheduled'], pipe.writer);
    await trace.says(/attached on/);
    const before = trace.memoryBytes;
    await sendPackets(PACKETS);
    const extra = (trace.memoryBytes - before) / MIB;
    const { code, seconds } = await trace.end(signal);
    t.diagnostic(`ended after ${seconds.toFixed(2)} s; memory: ${extra.toFixed(1)} MiB more`);
    assert.equal(code, 1, trace.stderr);
    assert.ok(seconds < 2, `${seconds} s`);
    assert.ok(extra < 20, `${extra} MiB`);
    assert.equal(unscheduled(trace.stderr), PACKETS, 'the summary');
    const lost = Number(notWritten.exec(trace.stderr)?.[1]);
    assert.equal(packetsIn(pipe) + lost, PACKETS);
  });
}

test('serve --trace that nobody reads: metrics go on', async (t) => {
  const pipe = makePipe();
  const args = [...SERVE, '--trace', '-o', 'json', '-k', 'unscheduled', '-k', 'reuse'];
  const serve = new Command(args, pipe.writer);
  await serve.says(/attached on/);
  await sendPackets(PACKETS);
  const counted = async (): Promise<number> => {
    const text = await (await fetch('http://127.0.0.1:10966/metrics')).text();
    const lines = text.matchAll(/^ipvs_dropped_packets_total\{.*\} (\d+)$/gm);
    return [...lines].reduce((sum, [, value]) => sum + Number(value), 0);
  };
  while ((await counted()) < PACKETS) await setTimeout(100);
  const { code, seconds } = await serve.end('SIGTERM');
  t.diagnostic(`ended after ${seconds.toFixed(2)} s`);
  assert.equal(code, 0, serve.stderr);
  assert.ok(seconds < 2, `${seconds} s`);
  const lost = Number(notWritten.exec(serve.stderr)?.[1]);
  assert.equal(packetsIn(pipe) + lost, PACKETS);
});

test('serve --trace prints what is asked for, in JSON, and counts the rest', async () => {
  const serve = await Running.attached([...SERVE, '--trace', '-o', 'json', '--virtual', ':1']);
  await sendPackets(3);
  const { code, stdout, stderr } = await serve.end();
  assert.equal(code, 0, stderr);
  assert.equal(stdout, '');
  assert.equal(unscheduled(stderr), 3);

  const other = await Running.attached([...SERVE, '--trace', '-o', 'json', '--virtual', VIRTUAL]);
  await sendPackets(3);
  const lines = (await other.end()).stdout.split('\n').filter(Boolean);
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { virtual: string }).virtual),
    Array.from({ length: 3 }, () => `${VIRTUAL}:${PORT}`),
  );
});

const commands = { trace: ['trace'], serve: [...SERVE, '--trace'] } as const;

for (const [name, args] of Object.entries(commands)) {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    test(`${name} ended by ${signal}: 0`, async () => {
      const { code, stderr } = await (await Running.attached(args)).end(signal);
      assert.equal(code, 0, stderr);
      assert.match(stderr, /nothing notable in .*, nothing lost/);
    });
  }

  test(`${name} to a disk that is full: 1, in one line`, async () => {
    const full = openSync('/dev/full', 'w');
    const command = new Command(args, full);
    closeSync(full);
    await command.says(/attached on/);
    await sendPackets(1);
    assert.equal(await command.ended, 1, command.stderr);
    const lines = command.stderr.trimEnd().split('\n');
    assert.match(
      lines.at(-1) ?? '',
      /^ipvscope: ERR_OUTPUT: \d+ events were not written to standard output: no space left on device$/,
    );
    assert.doesNotMatch(command.stderr, /^\s+at /m);
  });

  test(`${name} whose log's disk is full goes on, and ends with 1`, async () => {
    const full = openSync('/dev/full', 'w');
    const ready = join(directory, 'ready-unlogged');
    const child = spawn(process.execPath, [main, ...args, '--ready-file', ready], {
      stdio: ['ignore', 'pipe', full],
    });
    closeSync(full);
    while (!existsSync(ready)) await setTimeout(20);
    await sendPackets(1);
    assert.ok(child.stdout);
    const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
    assert.match(chunk.toString(), /^TIME .*\n.* unscheduled /);
    const closed = once(child, 'close');
    child.kill();
    assert.deepEqual(await closed, [1, null]);
  });

  test(`${name} whose reader has had enough: 0`, async () => {
    const command = await Running.attached(args);
    command.process.stdout?.destroy();
    await sendPackets(2);
    const { code, stderr } = await command.ended;
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /ERR_/);
  });

  test(`SIGUSR1 does nothing to ${name}`, async () => {
    const command = await Running.attached(args);
    command.process.kill('SIGUSR1');
    // Whoever answers afterwards has had the signal.
    await sendPackets(1);
    const inspector = connect(9229, '127.0.0.1');
    await assert.rejects(once(inspector, 'connect'), { code: 'ECONNREFUSED' });
    const { code, stdout, stderr } = await command.end();
    assert.equal(code, 0);
    assert.match(stdout, / unscheduled /);
    assert.doesNotMatch(stderr, /Debugger|inspector/);
  });

  for (const limit of [24, 64, 128]) {
    test(`${name} with ${limit} descriptors: it runs, or one line says what to do`, async () => {
      const wrapper = ['sh', '-c', `ulimit -n ${limit}; exec "$@"`, 'sh'];
      const command = new Running([...args, '--attach', 'kprobe'], wrapper);
      const attached = command.says(/attached on/).then(
        () => true,
        () => false,
      );
      const { code, stderr } = (await attached) ? await command.end() : await command.ended;
      assert.doesNotMatch(stderr, /^\s+at /m);
      if (await attached) {
        assert.equal(code, 0, stderr);
      } else {
        const lines = stderr.trimEnd().split('\n');
        assert.match(
          lines.at(-1) ?? '',
          /^ipvscope: ERR_\w+: .* \(hint: raise the limit: ulimit -n 1024\)$/,
        );
        assert.equal(code, 3, stderr);
      }
    });
  }

  test(`${name}: the ready file is there while the probe is attached`, async () => {
    const ready = join(directory, `ready-${name}`);
    writeFileSync(ready, 'stale');
    const command = new Running([...args, '--ready-file', ready]);
    await command.says(/attached on/);
    while (!existsSync(ready)) await setTimeout(5);
    assert.equal(readFileSync(ready, 'utf8'), `${command.process.pid}\n`);
    await command.end();
    assert.equal(existsSync(ready), false);
  });
}
