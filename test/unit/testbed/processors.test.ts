import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { allowedProcessors, processorMask } from '../../../src/testbed/processors.js';

test('a status without the list is an error, not all processors', () => {
  assert.throws(() => allowedProcessors('Name:\tnode\n'), /Cpus_allowed_list/);
});

for (const [list, expected] of [
  ['0', [0]],
  ['0-3', [0, 1, 2, 3]],
  ['1,4-5,9', [1, 4, 5, 9]],
] as const) {
  test(`processors ${list}`, () => {
    assert.deepEqual(
      allowedProcessors(`Name:\tnode\nCpus_allowed_list:\t${list}\nMems_allowed:\t1\n`),
      expected,
    );
  });
}

test('those of this process are as many as Node says', () => {
  assert.ok(allowedProcessors().length >= availableParallelism());
});

for (const [processor, mask] of [
  [0, '1'],
  [5, '20'],
  [31, '80000000'],
  [32, '1,00000000'],
  [70, '40,00000000,00000000'],
] as const) {
  test(`the mask of processor ${processor}`, () => assert.equal(processorMask(processor), mask));
}
