import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';

// What others can make `serve` hold, measured on the server's process while its text has 10 MB.

const child = fileURLToPath(new URL('./limits-child.js', import.meta.url));
const MIB = 1 << 20;
const scrape = 'GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n';

const sockets: Socket[] = [];
const servers: ChildProcess[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.kill();
});

interface Report {
  readonly scrapes: number;
  readonly mostBytes: number;
}

class Subject {
  readonly #process: ChildProcess;
  readonly url: URL;
  /** Before anybody asked for anything. */
  #restBytes = 0;

  private constructor(process: ChildProcess, url: string) {
    this.#process = process;
    this.url = new URL(url);
  }

  static async start({ maxRequests = 40, descriptors = 1024 } = {}): Promise<Subject> {
    const script = `ulimit -n ${descriptors}; exec "$@"`;
    const command = ['-c', script, 'sh', process.execPath, child, String(maxRequests)];
    const server = spawn('sh', command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    servers.push(server);
    const [url] = (await once(server, 'message')) as [string];
    const subject = new Subject(server, url);
    // One scrape of its own: what it takes is not what others make it hold.
    await (await fetch(new URL('/metrics', url))).arrayBuffer();
    subject.#restBytes = (await subject.report()).mostBytes;
    return subject;
  }

  async report(): Promise<Report> {
    const answered = once(this.#process, 'message');
    this.#process.send('report');
    const [report] = (await answered) as [Report];
    return report;
  }

  /** MiB that it took at most, beyond what it takes when one scrape is answered. */
  async extraMib(): Promise<number> {
    return ((await this.report()).mostBytes - this.#restBytes) / MIB;
  }

  /** A connection that reads nothing. Resolves once it is made. */
  async open(localAddress: string): Promise<Socket> {
    const socket = connect({ port: Number(this.url.port), host: '127.0.0.1', localAddress });
    sockets.push(socket);
    socket.pause();
    socket.on('error', () => {});
    await once(socket, 'connect');
    return socket;
  }

  /** What another client is told. */
  async status(path = '/healthz'): Promise<number> {
    const response = await fetch(new URL(path, this.url));
    await response.arrayBuffer();
    return response.status;
  }
}

/** Reads until the text has come at the end of what was read, or the connection is closed; returns all that was read. */
async function readUntil(socket: Socket, pattern: RegExp): Promise<string> {
  const chunks: Buffer[] = [];
  await new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      const end = Buffer.concat(chunks.slice(-2)).toString('latin1');
      if (pattern.test(end)) resolve();
    });
    socket.on('close', () => resolve());
    socket.resume();
  });
  return Buffer.concat(chunks).toString('latin1');
}

async function closed(socket: Socket): Promise<void> {
  if (socket.closed) return;
  // Whoever reads nothing does not see the end.
  socket.resume();
  await new Promise((resolve) => socket.on('close', resolve));
}

test('500 pipelined scrapes end the connection, and one answer is made', async (t: TestContext) => {
  const subject = await Subject.start();
  const socket = await subject.open('127.0.0.2');
  socket.write(scrape.repeat(500));
  await closed(socket);
  const extra = await subject.extraMib();
  t.diagnostic(`memory: ${extra.toFixed(1)} MiB more`);
  assert.ok(extra < 40, `${extra} MiB`);
  // Its own, and the first of the 500.
  assert.ok((await subject.report()).scrapes <= 2);
  assert.equal(await subject.status(), 200);
});

test('a few requests ahead are answered in order, none before the one before it is taken', async () => {
  const subject = await Subject.start();
  const socket = await subject.open('127.0.0.2');
  socket.write(`${scrape}${scrape}GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n`);
  // Another's answer comes after what the server has read of this connection.
  await subject.status();
  await subject.status();
  assert.equal((await subject.report()).scrapes, 2, 'the second waits for the first');
  const read = await readUntil(socket, /\r\n\r\nok\n$/);
  assert.equal((await subject.report()).scrapes, 3);
  assert.deepEqual(
    [...read.matchAll(/content-length: (\d+)/gi)].map(([, length]) => Number(length)),
    [10_000_000, 10_000_000, 3],
  );
});

test('scrapes that nobody reads: one client, and all together', async (t: TestContext) => {
  const subject = await Subject.start();
  for (let client = 2; client < 12; client++) {
    for (let index = 0; index < 8; index++) {
      (await subject.open(`127.0.0.${client}`)).write(scrape);
    }
    // Two were made before: this test's own.
    const made = Math.min(3 * (client - 1), 6);
    while ((await subject.report()).scrapes < made + (client === 2 ? 1 : 2));
    if (client === 2) {
      assert.equal(await subject.status('/metrics'), 200, 'one client does not take all');
      assert.equal((await subject.report()).scrapes, 2 + 3, 'of 32 MiB there are three');
    }
  }
  assert.equal(await subject.status('/metrics'), 503);
  assert.equal(await subject.status('/healthz'), 200);
  const extra = await subject.extraMib();
  t.diagnostic(`memory: ${extra.toFixed(1)} MiB more, of 800 MB asked for`);
  assert.ok(extra < 100, `${extra} MiB`);
  const first = sockets[0] ?? assert.fail();
  assert.match(await readUntil(first, /x$/), /^HTTP\/1\.1 200 /);
});

test('scrapes in flight are counted until they are read', async () => {
  const subject = await Subject.start({ maxRequests: 2 });
  const held = [await subject.open('127.0.0.2'), await subject.open('127.0.0.3')];
  for (const socket of held) socket.write(scrape);
  while ((await subject.report()).scrapes < 3);
  assert.equal(await subject.status('/metrics'), 503);
  const refused = await subject.open('127.0.0.4');
  refused.write(scrape);
  assert.match(
    await readUntil(refused, /\n$/),
    /2 concurrent scrapes, the maximum \(--web\.max-requests\)/,
  );
  for (const socket of held) socket.destroy();
  while ((await subject.status('/metrics')) !== 200);
});

test('half-open connections by the hundred: others are served, and they end', async (t) => {
  const subject = await Subject.start();
  const startMs = performance.now();
  const half: Socket[] = [];
  for (let index = 0; index < 300; index++) {
    const socket = await subject.open('127.0.0.2');
    socket.write('GET /metrics HTTP/1.1\r\nHost: a\r\nX-');
    half.push(socket);
  }
  assert.equal(await subject.status('/metrics'), 200);
  await Promise.all(half.map(closed));
  const seconds = (performance.now() - startMs) / 1000;
  const extra = await subject.extraMib();
  t.diagnostic(`all closed after ${seconds.toFixed(1)} s; memory: ${extra.toFixed(1)} MiB more`);
  assert.ok(seconds < 25, `${seconds} s`);
  assert.ok(extra < 40, `${extra} MiB`);
});

test('out of descriptors: connections are refused, and accepted again when there are some', async () => {
  const subject = await Subject.start({ descriptors: 48 });
  for (let client = 2; client < 12; client++) {
    for (let index = 0; index < 12; index++) await subject.open(`127.0.0.${client}`);
  }
  // The kernel makes connections that the server then cannot accept.
  const refused = await subject.open('127.0.0.99');
  refused.write(scrape);
  assert.equal(await readUntil(refused, /./), '');
  for (const socket of sockets.splice(0)) socket.destroy();
  const deadline = performance.now() + 10_000;
  let status = 0;
  while (status !== 200 && performance.now() < deadline) {
    status = await subject.status().catch(() => 0);
  }
  assert.equal(status, 200);
});

test('headers without an end are refused', async () => {
  const subject = await Subject.start();
  const socket = await subject.open('127.0.0.2');
  socket.write(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}`);
  assert.match(await readUntil(socket, /\r\n\r\n/), /^HTTP\/1\.1 431 /);
  await closed(socket);
});
