import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CaseInstance } from '../../../../src/conformance/matrix/case-instance.js';
import { caseName, testCases } from '../../../../src/conformance/matrix/matrix.js';

test('the matrix has both families, every test case has a name of its own, and something to check in each', () => {
  assert.equal(new Set(testCases.map(caseName)).size, testCases.length);
  for (const family of ['ipv4', 'ipv6']) {
    assert.ok(testCases.some((testCase) => testCase.family === family));
  }
  for (const { expectation } of testCases) assert.ok(expectation.ends.length > 0);
});

test('the grid: twelve settings, five entries, two families', () => {
  const plain = testCases.filter(
    ({ title, service, settings }) =>
      /^(?:TIME_WAIT|ESTABLISHED), (?:weight [01]|server removed)$/.test(title) &&
      service.forwarding === 'masquerade' &&
      settings.others === undefined,
  );
  const settings = new Set(plain.map((testCase) => JSON.stringify(testCase.settings)));
  assert.equal(settings.size, 12);
  assert.ok(plain.length >= 12 * 5 * 2);
});

test('an instance says in ipvsadm terms what its test case means', () => {
  const instance = (title: RegExp): CaseInstance => {
    const testCase = testCases.find((one) => title.test(one.title) && one.family === 'ipv6');
    assert.ok(testCase, String(title));
    return new CaseInstance(testCase, { virtualPort: 20_001, ports: [40_001, 40_002] });
  };
  const plain = instance(/^ESTABLISHED, server removed$/);
  plain.old = plain.servers[1];
  assert.deepEqual(plain.creation(), [
    '-A -t [fd00:10:96::10]:20001 -s rr',
    '-a -t [fd00:10:96::10]:20001 -r [fd00:10:0:2::2]:8080 -m -w 1',
    '-a -t [fd00:10:96::10]:20001 -r [fd00:10:0:3::2]:8080 -m -w 1',
  ]);
  assert.deepEqual(plain.changes('removed'), [
    '-d -t [fd00:10:96::10]:20001 -r [fd00:10:0:3::2]:8080',
  ]);
  assert.equal(instance(/^by mark/).creation()[0], '-A -f 20001 -6 -s rr');
  assert.equal(
    instance(/^direct routing/).creation()[1],
    '-a -t [fd00:10:96::20]:20001 -r [fd00:10:0:2::2]:20001 -g -w 1',
  );
  assert.match(instance(/^persistent/).creation()[0] ?? '', /-s rr -p 300$/);
});
