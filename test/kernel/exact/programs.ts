import { mkdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { run } from '../command.js';

/** Seen from dist/test/kernel/exact. */
const root = new URL('../../../../', import.meta.url);
const path = (relative: string): string => fileURLToPath(new URL(relative, root));

export const programNames = ['sender', 'witness', 'listener', 'turns'] as const;

/**
 * A program of test/kernel/native; compiled unless it was, after its sources changed last. The guest
 * sees what its host has compiled, and is much slower at it.
 */
export function compiled(name: (typeof programNames)[number]): string {
  const program = path(`build/kernel-test/${name}`);
  const sources = ['plan.h', 'sighting.h', `${name}.c`].map((file) =>
    path(`test/kernel/native/${file}`),
  );
  const changed = (file: string): number => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (changed(program) > Math.max(...sources.map(changed))) return program;
  mkdirSync(path('build/kernel-test'), { recursive: true });
  const flags = ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-Werror'];
  run('cc', ...flags, path(`test/kernel/native/${name}.c`), '-o', program, '-pthread');
  return program;
}
