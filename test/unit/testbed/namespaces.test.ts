import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testbedNamespaces } from '../../../src/testbed/namespaces.js';

test('namespaces: only those of testbeds are ours', () => {
  const list = [
    'ipvscope-12-client (id: 3)',
    'ipvscope-12-director',
    'ipvscope-7-rs1',
    'ipvscope-7-rs1-mine',
    'ipvscope-x-rs1',
    'ipvscope-7-other',
    'cni-ipvscope-7-rs2',
    '',
  ].join('\n');
  assert.deepEqual(
    [...testbedNamespaces(list)],
    [
      [12, ['ipvscope-12-client', 'ipvscope-12-director']],
      [7, ['ipvscope-7-rs1']],
    ],
  );
});
