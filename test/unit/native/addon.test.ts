import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadUncheckedAddon } from '../../../src/native/addon.js';

const directory = mkdtempSync(join(tmpdir(), 'ipvscope-addon-'));
after(() => rmSync(directory, { recursive: true }));

const refused = (path: string): string => {
  try {
    loadUncheckedAddon(path);
  } catch (cause) {
    assert.ok(cause instanceof Error && 'toLine' in cause && typeof cause.toLine === 'function');
    return String(cause.toLine());
  }
  return assert.fail('loaded');
};

test('an addon that there is not, or that is none, is named with the reason, in one line', () => {
  const path = join(directory, 'ipvscope.node');
  assert.match(
    refused(path),
    /^ERR_ADDON_LOAD: the addon \S+\.node cannot be loaded: there is no such file \(hint: build it with: npm --prefix \S+ run build:native\)$/,
  );
  writeFileSync(path, 'no ELF file, but text of some length');
  const line = refused(path);
  assert.ok(line.startsWith(`ERR_ADDON_LOAD: the addon ${path} cannot be loaded: ${path}: `), line);
  assert.match(line, /invalid ELF header|file too short/);
  assert.doesNotMatch(line, /\n/);
});
