import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { findProgram, programDirectories } from '../../../src/exec/find.js';
import { runProgram } from '../../../src/exec/run.js';
import { ConsoleTail } from '../../../src/lab/console-tail.js';
import {
  labCacheDirectory,
  readIfPresent,
  withScratch,
  writeAtomically,
} from '../../../src/lab/lab-cache.js';
import { checkPorts } from '../../../src/lab/published-ports.js';

describe('a missing program', () => {
  const cases = [
    ['qemu-system-x86_64', 'ERR_PROGRAM_MISSING', 'apt-get install qemu-system-x86'],
    ['busybox', 'ERR_PROGRAM_MISSING', 'apt-get install busybox-static'],
    ['depmod', 'ERR_PROGRAM_MISSING', 'apt-get install kmod'],
  ] as const;
  for (const [program, code, hint] of cases) {
    it(`${program} is named with its package`, () => {
      assert.throws(() => findProgram(program, ['/nonexistent']), { code, hint, exitCode: 3 });
    });
  }

  it('is looked for where only root looks, and never in the current directory', () => {
    const path = programDirectories('/own:relative::/own');
    assert.equal(path[0], '/own');
    assert.ok(path.includes('/usr/sbin'));
    assert.ok(path.every((directory) => directory.startsWith('/')));
    assert.equal(new Set(path).size, path.length);
  });
});

describe('a called program', () => {
  it('that fails is an error with what it complained about', async () => {
    await assert.rejects(
      runProgram('/bin/sh', ['-c', 'echo why >&2; exit 3'], { step: 'unpack' }),
      {
        code: 'ERR_PROGRAM_FAILED',
        step: 'unpack',
        log: 'why',
      },
    );
  });

  it('gives its output byte by byte', async () => {
    const output = await runProgram('/bin/sh', ['-c', "printf '\\377\\000'"], { step: 'test' });
    assert.deepEqual([...output], [255, 0]);
  });
});

describe('a port to publish', () => {
  it('that something holds is an error; a free one stays free', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    const publish = [{ hostPort: address.port, guestPort: 80 }];
    await assert.rejects(checkPorts(publish), { code: 'ERR_LAB_PORT_IN_USE' });
    await new Promise((resolve) => server.close(resolve));
    await checkPorts(publish);
    await checkPorts(publish);
  });
});

describe('the cache', () => {
  let directory = '';
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'ipvscope-test-'));
  });
  after(async () => {
    await rm(directory, { recursive: true });
  });

  const places = [
    [{ IPVSCOPE_LAB_CACHE: '/mine', XDG_CACHE_HOME: '/xdg' }, /^\/mine$/],
    [{ XDG_CACHE_HOME: '/xdg' }, /^\/xdg\/ipvscope\/lab$/],
    [{ XDG_CACHE_HOME: 'relative' }, /\/\.cache\/ipvscope\/lab$/],
    [{}, /\/\.cache\/ipvscope\/lab$/],
  ] as const;
  for (const [env, expected] of places) {
    it(`is where ${JSON.stringify(env)} says`, () => {
      assert.match(labCacheDirectory(env), expected);
    });
  }

  it('leaves nothing of work that failed', async () => {
    const work = withScratch(directory, () => Promise.reject(new Error('failed')));
    await assert.rejects(work, { message: 'failed' });
    assert.deepEqual(await readdir(directory), []);
  });

  it('replaces a file whole', async () => {
    const path = join(directory, 'record');
    assert.equal(await readIfPresent(path), undefined);
    await Promise.all([writeAtomically(path, 'a'.repeat(9)), writeAtomically(path, 'b'.repeat(9))]);
    assert.match(await readFile(path, 'utf8'), /^(?:a{9}|b{9})$/);
    assert.deepEqual(await readdir(directory), ['record']);
  });
});

describe('the tail of the console', () => {
  it('has no control sequences, no empty lines, and an end', () => {
    const tail = new ConsoleTail();
    tail.push('\u001bc\u001b[2Jfirst\r\n\r\n');
    for (let line = 1; line <= 40; line++) {
      tail.push(`line ${line}\r\n`);
    }
    const lines = tail.lines().split('\n');
    assert.equal(lines.length, 30);
    assert.deepEqual([lines[0], lines.at(-1)], ['line 11', 'line 40']);
  });

  it('shows what led to a panic, however much follows', () => {
    const tail = new ConsoleTail();
    tail.push('cause\nKernel panic - not syncing\n');
    tail.push('register\n'.repeat(100));
    assert.match(tail.lines(), /^cause\nKernel panic - not syncing\n/);
    assert.ok(tail.includes('Kernel panic'));
  });

  it('forgets the beginning of a long console', () => {
    const tail = new ConsoleTail();
    tail.push('beginning\n');
    tail.push('x\n'.repeat(100_000));
    assert.ok(!tail.includes('beginning'));
  });
});
