import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { cpioArchive } from '../../../src/lab/cpio.js';
import { isStaticElf } from '../../../src/lab/elf.js';
import { GUEST_SCRIPT, INITRAMFS_SCRIPT } from '../../../src/lab/guest-init.js';

describe('a cpio archive', () => {
  const archive = cpioArchive([
    { path: 'bin' },
    { path: 'bin/tool', content: Buffer.from('tool'), executable: true },
    { path: 'five', content: Buffer.from('12345') },
  ]);

  it('has members of the form newc, in order, each at a multiple of four', () => {
    const members: [string, string, string][] = [];
    for (let at = 0; at < archive.length; ) {
      assert.equal(archive.toString('latin1', at, at + 6), '070701');
      const field = (index: number): number =>
        Number.parseInt(archive.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16);
      const [mode, size, nameSize] = [field(1), field(6), field(11)];
      const name = archive.toString('utf8', at + 110, at + 110 + nameSize - 1);
      const start = align(at + 110 + nameSize);
      members.push([name, mode.toString(8), archive.toString('utf8', start, start + size)]);
      at = align(start + size);
    }
    assert.deepEqual(members, [
      ['bin', '40755', ''],
      ['bin/tool', '100755', 'tool'],
      ['five', '100644', '12345'],
      ['TRAILER!!!', '0', ''],
    ]);
  });

  it('is of equal bytes for equal entries', () => {
    const entry = { path: 'x', content: Buffer.from('y') };
    assert.deepEqual(cpioArchive([entry]), cpioArchive([entry]));
  });
});

describe('a static program', () => {
  const cases: readonly [string, Buffer, boolean][] = [
    ['an empty file', Buffer.alloc(0), false],
    ['a script', Buffer.from(`#!/bin/sh\n${' '.repeat(100)}`), false],
    ['headers beyond the end', elf([1]).subarray(0, 64), false],
    ['a program with an interpreter', elf([6, 3, 1]), false],
    ['a program without one', elf([1, 2, 4]), true],
  ];
  for (const [title, file, expected] of cases) {
    it(`is ${expected ? '' : 'not '}${title}`, () => {
      assert.equal(isStaticElf(file), expected);
    });
  }
});

describe("the guest's scripts", () => {
  for (const [name, script] of Object.entries({ INITRAMFS_SCRIPT, GUEST_SCRIPT })) {
    it(`${name} is a script that a shell can read`, () => {
      execFileSync('/bin/sh', ['-n'], { input: script });
    });
  }
});

function align(offset: number): number {
  return Math.ceil(offset / 4) * 4;
}

/** A 64-bit ELF file of nothing but program headers. */
function elf(types: readonly number[]): Buffer {
  const file = Buffer.alloc(64 + 56 * types.length);
  file.write('\x7fELF\x02\x01', 'latin1');
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(types.length, 56);
  types.forEach((type, index) => {
    file.writeUInt32LE(type, 64 + 56 * index);
  });
  return file;
}
