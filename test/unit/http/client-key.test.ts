import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientKey } from '../../../src/http/client-key.js';

const cases: readonly (readonly [address: string | undefined, key: string])[] = [
  ['10.0.0.1', '10.0.0.1'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['2001:db8:0:1::1', '2001:db8:0:1::'],
  ['2001:db8:0:1:ffff:ffff:ffff:ffff', '2001:db8:0:1::'],
  ['2001:db8:0:2::1', '2001:db8:0:2::'],
  ['fe80::1%eth0', 'fe80::'],
  ['::1', '::'],
  // A socket that was closed meanwhile.
  [undefined, ''],
];

for (const [address, key] of cases) {
  test(`${address} is counted as ${key || 'nobody in particular'}`, () => {
    assert.equal(clientKey(address), key);
  });
}
