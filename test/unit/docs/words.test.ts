import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wordsToReplace } from '../../support/field-words.js';
import { pages, proseOf } from './pages.js';

const README_LINES = 160;

for (const { path, text } of pages) {
  test(`${path}: the field's words`, () => {
    assert.deepEqual(wordsToReplace(proseOf(text)), []);
  });
}

test('the README is short', () => {
  const readme = pages.find(({ path }) => path === 'README.md');
  const lines = readme?.text.trimEnd().split('\n').length ?? Number.POSITIVE_INFINITY;
  assert.ok(lines <= README_LINES, `${lines} lines, ${README_LINES} at most`);
});

test('words to replace are found in prose, not in code or identifiers', () => {
  const text = [
    'what clients lived through',
    'a port used again',
    '`--witness` and the metric `ipvscope_detail_shed_packets_total`',
    '```',
    'added up',
    '```',
    'missed runs',
  ].join('\n');
  assert.deepEqual(
    wordsToReplace(proseOf(text)).map((line) => line.replace(/ \(say.*/, '')),
    ['line 1: "lived through"', 'line 2: "port used again"', 'line 7: "missed runs"'],
  );
  assert.deepEqual(wordsToReplace('ipvscope_probe_missed_runs_total --witness'), []);
});
