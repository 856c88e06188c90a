import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { pages, proseOf, root, withoutFences } from './pages.js';

/** Anchors of a page's headings, as GitHub and GitLab derive them. */
function anchorsOf(text: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of withoutFences(text).matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let copy = 1; anchors.has(anchor); copy++) anchor = `${slug}-${copy}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** Targets of links and images that are neither elsewhere nor mail. */
const relativeLinks = (text: string): string[] =>
  [...proseOf(text).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target));

/** What is wrong with a link of the page; undefined: nothing. */
function fault(page: string, target: string): string | undefined {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? page : normalize(join(dirname(page), path));
  if (file.startsWith('..')) return `${target}: outside of the repository`;
  if (!existsSync(`${root}${file}`)) return `${target}: there is no ${file}`;
  if (anchor === undefined) return undefined;
  if (statSync(`${root}${file}`).isDirectory()) return `${target}: a folder has no anchors`;
  return anchorsOf(readFileSync(`${root}${file}`, 'utf8')).has(anchor)
    ? undefined
    : `${target}: ${file} has no such heading`;
}

test('anchors are those of GitHub', () => {
  const text =
    '# The `--wait` option\n```\n# no heading\n```\n## A, B\n## A, B\n## [x](y.md) z_1\n';
  assert.deepEqual([...anchorsOf(text)], ['the---wait-option', 'a-b', 'a-b-1', 'x-z_1']);
});

for (const { path, text } of pages) {
  test(`${path}: every relative link and anchor exists`, () => {
    const faults = relativeLinks(text).map((target) => fault(path, target));
    assert.deepEqual(
      faults.filter((found) => found !== undefined),
      [],
    );
  });
}

test('a missing file and a missing anchor are found', () => {
  assert.match(fault('README.md', 'docs/nowhere.md') ?? '', /there is no docs\/nowhere\.md/);
  assert.match(fault('docs/metrics.md', '#nowhere') ?? '', /no such heading/);
});

test('every page of docs is linked from another page', () => {
  const linked = new Set(
    pages.flatMap(({ path, text }) =>
      relativeLinks(text)
        .map((target) => target.split('#')[0] ?? '')
        .filter((target) => target !== '')
        .map((target) => normalize(join(dirname(path), target)))
        .filter((target) => target !== path),
    ),
  );
  const unlinked = pages
    .map(({ path }) => path)
    .filter((path) => path.startsWith('docs/') && !linked.has(path));
  assert.deepEqual(unlinked, []);
});

const SOURCE_PATH = /^(?:src|native|test|docs)\/[\w./-]+$/;

for (const { path, text } of pages) {
  const named = [...withoutFences(text).matchAll(/`([^`\n]+)`/g)]
    .map(([, code = '']) => code)
    .filter((code) => SOURCE_PATH.test(code));
  if (named.length === 0) continue;
  test(`${path}: every file and folder of the sources that it names exists`, () => {
    assert.deepEqual(
      named.filter((name) => !existsSync(`${root}${name}`)),
      [],
    );
  });
}
