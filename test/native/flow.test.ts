import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  createReadStream,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

// Output that is not read, or cannot be written: memory, totals, what is said, and the end.

const child = fileURLToPath(new URL('./flow-child.js', import.meta.url));
const MIB = 1 << 20;
/** As text of events about 70 MB, in the rings 26 MB. */
const PACKETS = 200_000;

let directory: string;
let pipes = 0;

before(() => {
  directory = mkdtempSync(join(tmpdir(), 'ipvscope-flow-'));
});
after(() => rmSync(directory, { recursive: true }));

interface Counted {
  readonly packets: number;
  readonly detailDropped: number;
  readonly mostBytes: number;
}

/** A pipe of the kernel's, of 64 KiB, that nobody reads unless told. */
class Pipe {
  readonly path = join(directory, `pipe-${++pipes}`);
  readonly writer: number;
  readonly #reader: number;

  constructor() {
    assert.equal(spawnSync('mkfifo', [this.path]).status, 0);
    this.#reader = openSync(this.path, constants.O_RDONLY | constants.O_NONBLOCK);
    this.writer = openSync(this.path, constants.O_WRONLY);
  }

  /** What is in it now. */
  take(): string {
    const bytes = Buffer.alloc(MIB);
    let length = 0;
    try {
      for (;;) {
        const more = readSync(this.#reader, bytes, length, bytes.length - length, null);
        if (more === 0) break;
        length += more;
      }
    } catch (cause) {
      assert.equal((cause as NodeJS.ErrnoException).code, 'EAGAIN');
    }
    return bytes.toString('utf8', 0, length);
  }

  /** Its lines as they come, until nobody can write any more. */
  lines(): AsyncIterable<string> {
    closeSync(this.writer);
    return createInterface({ input: createReadStream('', { fd: openSync(this.path, 'r') }) });
  }

  closeReader(): void {
    closeSync(this.#reader);
  }
}

class Flow {
  readonly process: ChildProcess;
  readonly #messages: Counted[] = [];
  stderr = '';

  constructor(unread: 'hold' | 'skip', stdout: number, packets = PACKETS) {
    this.process = spawn(process.execPath, [child, unread, String(packets)], {
      stdio: ['ignore', stdout, 'pipe', 'ipc'],
    });
    this.process.on('message', (message) => this.#messages.push(message as Counted));
    this.process.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
  }

  /** The `index`th thing it said of itself. */
  async counted(index: number): Promise<Counted> {
    for (;;) {
      const counted = this.#messages[index];
      if (counted !== undefined) return counted;
      assert.equal(this.process.exitCode, null, this.stderr);
      await once(this.process, 'message');
    }
  }

  /** Ends it; returns the exit code and how long that took. */
  async end(signal?: NodeJS.Signals): Promise<{ code: number | null; seconds: number }> {
    const closed = once(this.process, 'close');
    const startMs = performance.now();
    if (signal !== undefined) this.process.kill(signal);
    const [code] = (await closed) as [number | null];
    return { code, seconds: (performance.now() - startMs) / 1000 };
  }
}

/** Packets whose events were written; every line is whole. */
function written(text: string): number {
  assert.ok(text === '' || text.endsWith('\n'));
  return text
    .split('\n')
    .filter(Boolean)
    .reduce((sum, line) => sum + (JSON.parse(line) as { count: number }).count, 0);
}

for (const unread of ['hold', 'skip'] as const) {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    test(`${unread}: nobody reads, ${signal}: memory, end, and every event accounted for`, async (t) => {
      const pipe = new Pipe();
      const flow = new Flow(unread, pipe.writer);
      const rest = await flow.counted(0);
      const generated = await flow.counted(1);
      // What serve exports goes on; what trace prints waits in the kernel.
      if (unread === 'skip') assert.equal(generated.packets + generated.detailDropped, PACKETS);
      else assert.ok(generated.packets < 20_000, `${generated.packets} were drained`);
      const { code, seconds } = await flow.end(signal);
      const end = await flow.counted(2);
      assert.equal(end.packets, PACKETS, 'totals are exact');
      const extra = (generated.mostBytes - rest.mostBytes) / MIB;
      t.diagnostic(`ended after ${seconds.toFixed(2)} s; memory: ${extra.toFixed(1)} MiB more`);
      assert.ok(extra < 60, `${extra} MiB`);
      assert.ok(seconds < 2, `${seconds} s`);
      assert.equal(code, unread === 'hold' ? 1 : 0, flow.stderr);
      const said =
        /^(?:ERR_OUTPUT: )?(\d+) events were not written to standard output: it was not read$/m;
      const lost = Number(said.exec(flow.stderr)?.[1]);
      assert.equal(written(pipe.take()) + lost, PACKETS, flow.stderr);
      assert.ok(lost > 0);
      pipe.closeReader();
      closeSync(pipe.writer);
    });
  }
}

test('hold: a reader who comes late gets every event, those aggregated as such', async () => {
  const pipe = new Pipe();
  const flow = new Flow('hold', pipe.writer);
  const { detailDropped } = await flow.counted(1);
  assert.ok(detailDropped > 0, 'the rings were full');
  const closed = once(flow.process, 'close');
  let read = 0;
  for await (const line of pipe.lines()) {
    read += written(`${line}\n`);
    if (read === PACKETS) flow.process.kill();
  }
  assert.deepEqual(await closed, [0, null]);
  assert.equal(flow.stderr, '');
  assert.equal(read, PACKETS);
});

for (const unread of ['hold', 'skip'] as const) {
  test(`${unread}: a full disk ends it, with one line and exit code 1`, async () => {
    const full = openSync('/dev/full', 'w');
    const flow = new Flow(unread, full);
    const { code } = await flow.end();
    closeSync(full);
    assert.equal(code, 1);
    assert.match(
      flow.stderr,
      /^ERR_OUTPUT: \d+ events were not written to standard output: no space left on device\n$/,
    );
  });

  test(`${unread}: a reader who goes away ends it, and that is not an error`, async () => {
    const pipe = new Pipe();
    const flow = new Flow(unread, pipe.writer);
    pipe.closeReader();
    const { code } = await flow.end();
    closeSync(pipe.writer);
    assert.equal(flow.stderr, '');
    assert.equal(code, 0);
  });
}
