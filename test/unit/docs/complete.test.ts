import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fieldCases } from '../../../src/conformance/field/cases/index.js';
import { suites } from '../../../src/conformance/index.js';
import { Verdict } from '../../../src/record/layout.generated.js';
import { kindNames } from '../../../src/record/value-names.js';
import { scenarios } from '../../../src/scenario/index.js';
import { pages, root } from './pages.js';

// Tables that have to list everything of a sort, and nothing else.

/** First cells of the rows of the table below `head`. */
function rowsBelow(path: string, head: string): string[] {
  const text = pages.find((page) => page.path === path)?.text ?? '';
  const at = text.indexOf(`\n| ${head} |`);
  assert.notEqual(at, -1, `${path} has no table | ${head} |`);
  const rows = text
    .slice(at + 1)
    .split('\n')
    .slice(2);
  const end = rows.findIndex((row) => !row.startsWith('|'));
  return rows
    .slice(0, end)
    .flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)])
    .map(([, name = '']) => name);
}

const tables: readonly [string, string, readonly string[]][] = [
  ['docs/events.md', 'kind', kindNames],
  ['docs/events.md', 'verdict', Object.keys(Verdict)],
  ['docs/events.md', 'field', fieldsOfEvent()],
  ['docs/reproduce.md', 'scenario', [...scenarios, ...suites].map(({ name }) => name)],
  ['docs/reproduce.md', 'case', fieldCases.map(({ name }) => name)],
];

/** Members of the interface, from its source: no value has all of them. */
function fieldsOfEvent(): string[] {
  const text = readFileSync(`${root}src/record/event.ts`, 'utf8');
  const body = /interface IpvsEvent \{([\s\S]*?)\n\}/.exec(text)?.[1] ?? '';
  return [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name = '']) => name);
}

for (const [path, head, wanted] of tables) {
  test(`${path}: the table of each ${head} is complete`, () => {
    assert.ok(wanted.length > 0);
    assert.deepEqual(rowsBelow(path, head).sort(), [...wanted].sort());
  });
}
