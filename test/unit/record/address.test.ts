import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress, formatEndpoint } from '../../../src/record/address.js';

/** The platform's own idea of an IPv6 address's canonical text. */
function canonical(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  );
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

test('writes IPv6 addresses as the platform does', () => {
  const fixed = [
    '00000000000000000000000000000000',
    '00000000000000000000000000000001',
    '20010db8000000000000000000000001',
    '20010db8000000010000000000000001',
    '20010db8000100010001000100010001',
    '00010000000000000000000000000000',
    '20010000000100000001000000010000',
    'fe800000000000000000ffff00000000',
  ];
  const random = Array.from({ length: 500 }, (_, seed) =>
    Array.from({ length: 16 }, (_, i) => {
      const value = Math.imul(seed * 16 + i + 1, 0x9e3779b1) >>> 0;
      return (value & 0x700 ? 0 : value & 0xff).toString(16).padStart(2, '0');
    }).join(''),
  );
  for (const hex of [...fixed, ...random]) {
    const bytes = Uint8Array.from(Buffer.from(`ff${hex}ff`, 'hex'));
    assert.equal(formatAddress(bytes, 1, 10), canonical(bytes.subarray(1, 17)), hex);
  }
});

test('writes IPv4 addresses and endpoints', () => {
  assert.equal(formatAddress(Uint8Array.of(9, 10, 96, 0, 255), 1, 2), '10.96.0.255');
  assert.equal(formatEndpoint('10.96.0.255', 80), '10.96.0.255:80');
  assert.equal(formatEndpoint('2001:db8::1', 443), '[2001:db8::1]:443');
});
