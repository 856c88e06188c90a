import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serverStateAt } from '../../../src/testbed/played.js';
import { played, RS1 } from '../verify/played-round.js';

test('a server at a moment', () => {
  assert.equal(serverStateAt(played.states, '10.9.9.9:1', 1e12), undefined);
  assert.equal(serverStateAt(played.states, RS1, 4.9e9)?.weight, 1);
  assert.equal(serverStateAt(played.states, RS1, 5e9)?.weight, 0);
  assert.equal(serverStateAt(played.states, RS1, 7e9)?.answers, false);
});
