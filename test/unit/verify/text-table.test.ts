import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textTable } from '../../../src/verify/text-table.js';

test('tables: words flush left, numbers flush right', () => {
  assert.deepEqual(
    textTable(
      ['what', 'n'],
      [
        ['a', '10'],
        ['bcdef', '9'],
      ],
    ),
    ['what    n', 'a      10', 'bcdef   9'],
  );
});
