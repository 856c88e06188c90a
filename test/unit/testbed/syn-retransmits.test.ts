import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retransmitTimes } from '../../../src/testbed/syn-retransmits.js';

test('copies of a SYN: doubling, or a second apart to begin with', () => {
  assert.deepEqual(retransmitTimes(0).slice(0, 4), [0, 1000, 3000, 7000]);
  assert.deepEqual(retransmitTimes(4).slice(0, 7), [0, 1000, 2000, 3000, 4000, 6000, 10_000]);
});
