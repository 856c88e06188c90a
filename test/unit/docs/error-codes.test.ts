import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { errorCodes } from '../../../src/error.js';
import { pages, root } from './pages.js';

const known = Object.keys(errorCodes).sort();

const namedIn = (text: string): string[] => [
  ...new Set(
    [...text.matchAll(/\bERR_[A-Z_]*[A-Z]\b/g)]
      .map(([code]) => code)
      // Where a page describes the form of errors, it stands for any code.
      .filter((code) => code !== 'ERR_CODE'),
  ),
];

const troubleshooting = pages.find(({ path }) => path === 'docs/troubleshooting.md')?.text ?? '';

test('docs/troubleshooting.md says of every error code what to do', () => {
  // A row of a table, or a heading, that begins with it: `ERR_A`, `ERR_B`.
  const rows = troubleshooting.split('\n').flatMap((line) => {
    const [, row] = /^\|([^|]*)\|/.exec(line) ?? [];
    const [, heading] = /^#+ (.*)$/.exec(line) ?? [];
    return namedIn(row ?? heading ?? '');
  });
  assert.deepEqual(
    known.filter((code) => !rows.includes(code)),
    [],
    'without a row or heading of their own',
  );
  const twice = rows.filter((code, index) => rows.indexOf(code) !== index);
  assert.deepEqual(twice, [], 'with two');
});

for (const { path, text } of pages) {
  const codes = namedIn(text);
  if (codes.length === 0) continue;
  test(`${path} names no error code that does not exist`, () => {
    assert.deepEqual(
      codes.filter((code) => !known.includes(code)),
      [],
    );
  });
}

/** Sources below a folder. */
const sources = (folder: string, ending: RegExp): string[] =>
  readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((name) => ending.test(name))
    .map((name) => readFileSync(`${root}${folder}/${name}`, 'utf8'));

test('the addon throws no code that is not in the table, and none of the table is unused', () => {
  const native = namedIn(sources('native/addon', /\.(cc|h)$/).join('\n'));
  assert.ok(native.length > 5, `${native.length} found`);
  assert.deepEqual(
    native.filter((code) => !known.includes(code)),
    [],
  );
  // The compiler sees to those of TypeScript; error.ts itself names all.
  const typescript = sources('src', /(?<!^error)\.ts$/).flatMap(namedIn);
  const used = new Set([...native, ...typescript, 'ERR_SYSTEM', 'ERR_INTERNAL']);
  assert.deepEqual(
    known.filter((code) => !used.has(code)),
    [],
  );
});
