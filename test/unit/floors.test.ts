import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

// What ARCHITECTURE.md's table of floors (test/unit/docs/architecture.test.ts) does not say.

const root = fileURLToPath(new URL('../../..', import.meta.url));

interface Source {
  /** Relative to the root: `src/lab/boot.ts`. */
  readonly path: string;
  /** Modules that it imports: paths like its own, or names of packages. */
  readonly imports: readonly string[];
  readonly text: string;
}

const IMPORT = /\b(?:from|import)\s*\(?\s*'([^'\s]+)'/g;

function readSources(folder: string): readonly Source[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => {
      const path = join(folder, name);
      const text = readFileSync(join(root, path), 'utf8');
      const imports = [...text.matchAll(IMPORT)].map(([, specifier = '']) =>
        specifier.startsWith('.')
          ? join(dirname(path), specifier.replace(/\.js$/, '.ts'))
          : specifier,
      );
      return { path, imports, text };
    });
}

const sources = readSources('src');

const importersOf = (wanted: (specifier: string) => boolean): readonly string[] =>
  sources.filter(({ imports }) => imports.some(wanted)).map(({ path }) => path);

test('imports are found: this test has some', () => {
  const own = readSources('test/unit').find(({ path }) => path === 'test/unit/floors.test.ts');
  assert.ok(own?.imports.includes('node:path'));
  assert.ok(importersOf((name) => name === 'src/error.ts').length > 10);
});

test('only src/native loads the addon', () => {
  const loaders = [
    ...importersOf((name) => name === 'bindings'),
    ...sources
      .filter(({ text }) => /\bcreateRequire\b|\bprocess\.dlopen\b/.test(text))
      .map(({ path }) => path),
  ];
  assert.deepEqual([...new Set(loaders)], ['src/native/addon.ts']);
});

test('nothing outside cli imports cli', () => {
  const outside = importersOf((name) => name.startsWith('src/cli/')).filter(
    (path) => !path.startsWith('src/cli/'),
  );
  assert.deepEqual(outside, []);
});

test('record imports nothing', () => {
  const imported = sources
    .filter(({ path }) => path.startsWith('src/record/'))
    .flatMap(({ imports }) => imports.filter((name) => !name.startsWith('src/record/')));
  assert.deepEqual(imported, []);
});

test('no test is imported, and no package is that package.json does not name', () => {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const known = (name: string): boolean =>
    name.startsWith('src/') || name.startsWith('node:') || name in dependencies;
  const unknown = sources.flatMap(({ path, imports }) =>
    imports.filter((name) => !known(name)).map((name) => `${path}: ${name}`),
  );
  assert.deepEqual(unknown, []);
});

test('no two files have the same name', () => {
  const named = new Map<string, string[]>();
  for (const { path } of sources) {
    const name = basename(path);
    if (name !== 'index.ts') named.set(name, [...(named.get(name) ?? []), path]);
  }
  assert.deepEqual(
    [...named.values()].filter((paths) => paths.length > 1),
    [],
  );
});
