import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IpvscopeError } from '../../../src/error.js';
import { CleanUp } from '../../../src/testbed/clean-up.js';

test('clean-up: every step is taken, the last first, and what failed is named', async () => {
  const cleanUp = new CleanUp();
  const order: string[] = [];
  cleanUp.add('the first', () => order.push('first'));
  cleanUp.add('the second', () => {
    order.push('second');
    throw new Error('busy');
  });
  cleanUp.add('the third', async () => order.push('third'));
  await assert.rejects(cleanUp.run(), (error: IpvscopeError) => {
    assert.equal(error.code, 'ERR_SCENARIO_CLEAN_UP');
    assert.match(error.message, /could not remove the second$/);
    return true;
  });
  assert.deepEqual(order, ['third', 'second', 'first']);
  await cleanUp.run();
  assert.equal(order.length, 3);
});
