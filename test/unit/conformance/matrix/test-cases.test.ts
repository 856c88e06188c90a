import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Part } from '../../../../src/conformance/matrix/case-instance.js';
import { cellName, cells } from '../../../../src/conformance/matrix/matrix.js';

test('the table has both families, every cell a name of its own, and something to check in each', () => {
  assert.equal(new Set(cells.map(cellName)).size, cells.length);
  for (const family of ['ipv4', 'ipv6']) {
    assert.ok(cells.some((cell) => cell.family === family));
  }
  for (const { expectation } of cells) assert.ok(expectation.ends.length > 0);
});

test('the grid: twelve settings, five entries, two families', () => {
  const plain = cells.filter(
    ({ title, service, settings }) =>
      /^(?:TIME_WAIT|ESTABLISHED), (?:weight [01]|server removed)$/.test(title) &&
      service.forwarding === 'masquerade' &&
      settings.others === undefined,
  );
  const settings = new Set(plain.map((cell) => JSON.stringify(cell.settings)));
  assert.equal(settings.size, 12);
  assert.ok(plain.length >= 12 * 5 * 2);
});

test('a part says in ipvsadm what its cell means', () => {
  const part = (title: RegExp): Part => {
    const cell = cells.find((one) => title.test(one.title) && one.family === 'ipv6');
    assert.ok(cell, String(title));
    return new Part(cell, { virtualPort: 20_001, ports: [40_001, 40_002] });
  };
  const plain = part(/^ESTABLISHED, server removed$/);
  plain.old = plain.servers[1];
  assert.deepEqual(plain.creation(), [
    '-A -t [fd00:10:96::10]:20001 -s rr',
    '-a -t [fd00:10:96::10]:20001 -r [fd00:10:0:2::2]:8080 -m -w 1',
    '-a -t [fd00:10:96::10]:20001 -r [fd00:10:0:3::2]:8080 -m -w 1',
  ]);
  assert.deepEqual(plain.changes('removed'), [
    '-d -t [fd00:10:96::10]:20001 -r [fd00:10:0:3::2]:8080',
  ]);
  assert.equal(part(/^by mark/).creation()[0], '-A -f 20001 -6 -s rr');
  assert.equal(
    part(/^direct routing/).creation()[1],
    '-a -t [fd00:10:96::20]:20001 -r [fd00:10:0:2::2]:20001 -g -w 1',
  );
  assert.match(part(/^persistent/).creation()[0] ?? '', /-s rr -p 300$/);
});
