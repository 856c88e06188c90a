import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

// The probe's store of opening packets is plain C: here it runs outside the kernel.

/** Seen from dist/test/unit/native. */
const root = new URL('../../../../', import.meta.url);
const path = (relative: string): string => fileURLToPath(new URL(relative, root));
const program = path('build/unit/openings');

function run(...command: readonly string[]): void {
  const [name = '', ...args] = command;
  const { status, stderr, error } = spawnSync(name, args, { encoding: 'utf8' });
  assert.equal(status, 0, error?.message ?? stderr);
}

mkdirSync(path('build/unit'), { recursive: true });
const flags = ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-Werror', `-I${path('native/include')}`];
run('cc', ...flags, path('native/unit/openings.c'), '-o', program, '-pthread');

const cases = {
  relations: 'a packet sent again, another connection, drops and what was told of them',
  'port-range': 'eight clients that use their whole range of ports are all remembered',
  crowd: 'of more tuples than there is room for each is remembered or counted',
  eviction: 'the oldest tuple goes, and is counted where a copy of its packet may still come',
  threads: 'what several threads do at once is neither lost nor counted twice',
} as const;

for (const [name, what] of Object.entries(cases)) {
  test(what, () => run(program, name));
}
