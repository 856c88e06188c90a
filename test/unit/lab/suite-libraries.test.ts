import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gatherLibraries, useLibraries } from '../../../src/lab/suite-libraries.js';

test('programs run with the libraries beside them, wherever both are moved', async (t) => {
  const scratch = await mkdtemp(join(tmpdir(), 'ipvscope-suite-'));
  t.after(() => rm(scratch, { recursive: true }));
  const tree = join(scratch, 'tree');
  for (const directory of ['lib/x86_64-linux-gnu/gconv', 'kbuild/tools/deep']) {
    await mkdir(join(tree, directory), { recursive: true });
  }
  // It says how it was called, in place of loading a program.
  const loader = join(tree, 'lib/x86_64-linux-gnu/ld-linux-x86-64.so.2');
  await writeFile(loader, '#!/bin/sh\nfor word; do echo "$word"; done\n');
  await chmod(loader, 0o755);
  const elf = join(tree, 'kbuild/tools/deep');
  for (const name of ['program', 'starter', 'starter.real-x86', 'notes.txt']) {
    await writeFile(join(elf, name), name === 'notes.txt' ? 'text' : '\x7fELF');
  }

  await gatherLibraries(tree, join(tree, 'suite'));
  await useLibraries(join(tree, 'suite'), join(tree, 'kbuild'));
  const moved = join(scratch, 'moved');
  await mkdir(moved);
  for (const name of ['suite', 'kbuild']) await rename(join(tree, name), join(moved, name));

  const path = (name: string): string => join(moved, 'kbuild/tools/deep', name);
  for (const name of ['program', 'starter.real-x86']) {
    const words = execFileSync(path(name), ['a b', 'c']).toString().trimEnd().split('\n');
    assert.deepEqual(
      [words[0], ...words.slice(2)],
      ['--library-path', `${path(name)}.elf`, 'a b', 'c'],
    );
    assert.equal(await readFile(`${path(name)}.elf`, 'latin1'), '\x7fELF');
  }
  assert.equal(await readFile(path('starter'), 'latin1'), '\x7fELF');
  assert.equal(await readFile(path('notes.txt'), 'latin1'), 'text');
});
