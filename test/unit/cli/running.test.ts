import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

// The command as shells and service managers run it, on a machine without ip_vs; with one:
// test/kernel/running.test.ts.

const main = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url));

/** As a shell runs it; `$@` is ipvscope. Its standard error, and the exit code it had. */
function shell(script: string): { code: number; stderr: string } {
  const run = spawnSync('sh', ['-c', script, 'sh', process.execPath, main], { encoding: 'utf8' });
  return { code: run.status ?? -1, stderr: run.stderr };
}

for (const args of ['help', '--help', 'help trace', 'reproduce --list', '--version']) {
  test(`ipvscope ${args} into a closed pipe: nothing is said, 0`, () => {
    const { stderr } = shell(`{ "$@" ${args}; echo "code $?" >&2; } | true`);
    assert.equal(stderr, 'code 0\n');
  });

  test(`ipvscope ${args} to a disk that is full: one line, 1`, () => {
    assert.deepEqual(shell(`"$@" ${args} >/dev/full`), {
      code: 1,
      stderr: 'ipvscope: ERR_OUTPUT: cannot write to standard output: no space left on device\n',
    });
  });
}

test('a disk that takes the beginning only: one line, 1', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ipvscope-short-'));
  // In blocks of 512 bytes: the help has more, and the first write is cut short.
  const { code, stderr } = shell(`ulimit -f 1; "$@" --help >${directory}/help`);
  assert.equal(stderr, 'ipvscope: ERR_OUTPUT: cannot write to standard output: file too large\n');
  assert.equal(code, 1);
  rmSync(directory, { recursive: true });
});

test('an error is an error where it cannot be said', () => {
  assert.equal(shell('"$@" trace --no-such-option 2>/dev/full').code, 2);
  assert.equal(shell('"$@" trace --no-such-option 2>&-').code, 2);
});

test('the stack is printed with --verbose after the command, too', () => {
  for (const args of ['--verbose reproduce no-such', 'reproduce no-such --verbose']) {
    const { code, stderr } = shell(`"$@" ${args}`);
    assert.equal(code, 2);
    assert.match(stderr, /^ipvscope: ERR_SCENARIO_UNKNOWN: [\s\S]*^\s+at /m);
  }
});

for (const descriptors of [24, 64]) {
  test(`${descriptors} descriptors: one line that says what to do`, () => {
    const { code, stderr } = shell(`ulimit -n ${descriptors}; "$@" reproduce no-such`);
    // Few enough to load nothing, or enough.
    if (code === 2) assert.match(stderr, /^ipvscope: ERR_SCENARIO_UNKNOWN: /);
    else {
      assert.equal(
        stderr,
        'ipvscope: ERR_DESCRIPTORS: too many open files (hint: raise the limit: ulimit -n 1024)\n',
      );
      assert.equal(code, 3);
    }
  });
}

/** `serve` while it waits for ip_vs, which this kernel may or may not have. */
async function serving(args: readonly string[], play: (pid: number, url: string) => Promise<void>) {
  const command = [main, 'serve', '--web.listen-address', '127.0.0.1:0', ...args];
  const env = { ...process.env, IPVSCOPE_LOG_FORMAT: 'plain' };
  const serve = spawn(process.execPath, command, { stdio: ['ignore', 'ignore', 'pipe'], env });
  let stderr = '';
  const closed = once(serve, 'close');
  const url = await new Promise<string>((resolve) => {
    serve.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
      const found = /^metrics at (\S+)\/metrics$/m.exec(stderr)?.[1];
      if (found !== undefined) resolve(found);
    });
  });
  await play(serve.pid ?? 0, url);
  const [code] = (await closed) as [number | null];
  return { code, stderr };
}

test('SIGUSR1 does nothing: no inspector listens', async () => {
  const { code, stderr } = await serving([], async (pid, url) => {
    process.kill(pid, 'SIGUSR1');
    // It has had the signal when it answers afterwards.
    assert.equal((await fetch(`${url}/healthz`)).status, 200);
    await assert.rejects(once(connect(9229, '127.0.0.1'), 'connect'), { code: 'ECONNREFUSED' });
    process.kill(pid, 'SIGTERM');
  });
  assert.equal(code, 0);
  assert.doesNotMatch(stderr, /Debugger/);
});

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  test(`serve that waits for ip_vs, ended by ${signal}: 0, within two seconds`, async () => {
    let startMs = 0;
    const { code, stderr } = await serving([], async (pid) => {
      startMs = performance.now();
      process.kill(pid, signal);
    });
    assert.equal(code, 0);
    assert.ok(performance.now() - startMs < 2_000);
    assert.match(stderr, /^nothing notable in /m);
  });
}

test('a stale ready file is gone while nothing is attached, and no draft is left', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'ipvscope-ready-'));
  const ready = join(directory, 'ready');
  writeFileSync(ready, 'stale');
  await serving(['--ready-file', ready], async (pid) => {
    assert.deepEqual(readdirSync(directory), []);
    process.kill(pid, 'SIGTERM');
  });
  assert.deepEqual(readdirSync(directory), []);
  rmSync(directory, { recursive: true });
});
