import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DescriptorStream } from '../../../../src/cli/support/descriptor-stream.js';

const BYTES = 1_000_000;

/** A pipe takes 64 KiB, then part of a write, then nothing: as a terminal does that is stopped. */
function nonBlockingPipe(): { reader: number; writer: number; close: () => void } {
  const directory = mkdtempSync(join(tmpdir(), 'ipvscope-pipe-'));
  const path = join(directory, 'pipe');
  assert.equal(spawnSync('mkfifo', [path]).status, 0);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  const close = (): void => {
    closeSync(reader);
    closeSync(writer);
    rmSync(directory, { recursive: true });
  };
  return { reader, writer, close };
}

test('what is not taken now is written later, in order and once', async () => {
  const { reader, writer, close } = nonBlockingPipe();
  const stream = new DescriptorStream(writer);
  const sent = Buffer.from(Uint8Array.from({ length: BYTES }, (_, index) => index % 251));
  let written = false;
  stream.write(sent, () => {
    written = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(written, false, 'nobody reads');
  const read = Buffer.alloc(BYTES);
  let length = 0;
  while (length < BYTES) {
    try {
      length += readSync(reader, read, length, BYTES - length, null);
    } catch (cause) {
      assert.equal((cause as NodeJS.ErrnoException).code, 'EAGAIN');
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  assert.ok(read.equals(sent));
  await new Promise<void>((resolve) => stream.end(resolve));
  assert.equal(written, true);
  close();
});

test('destroyed while nobody reads: it writes no more', async () => {
  const { reader, writer, close } = nonBlockingPipe();
  const stream = new DescriptorStream(writer);
  stream.write(Buffer.alloc(BYTES));
  await new Promise((resolve) => setImmediate(resolve));
  stream.destroy();
  await once(stream, 'close');
  const read = Buffer.alloc(BYTES);
  let length = 0;
  assert.throws(
    () => {
      for (;;) length += readSync(reader, read, length, BYTES - length, null);
    },
    { code: 'EAGAIN' },
  );
  assert.equal(length, 65_536, 'what the pipe had taken');
  close();
});

test('a full disk is an error', async () => {
  const full = openSync('/dev/full', 'w');
  const stream = new DescriptorStream(full);
  stream.write('x');
  const [error] = (await once(stream, 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ENOSPC');
  closeSync(full);
});
