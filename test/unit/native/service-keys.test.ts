import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serviceKeys } from '../../../src/native/service-keys.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('a service by address: namespace, mark, address, port, family, protocol', () => {
  const keys = serviceKeys([
    {
      netns: 0xf0000075,
      family: 2,
      protocol: 6,
      addressBytes: Uint8Array.of(10, 96, 0, 10),
      port: 8080,
      fwmark: 0,
    },
  ]);
  assert.equal(hex(keys), `750000f0${'00000000'}0a60000a${'00'.repeat(12)}1f900206`);
});

test('a service by mark whose family is not known has a key of each', () => {
  const keys = serviceKeys([
    {
      netns: 1,
      family: 0,
      protocol: 0,
      addressBytes: new Uint8Array(),
      port: 0,
      fwmark: 7,
    },
  ]);
  const half = (family: string): string => `0100000007000000${'00'.repeat(18)}${family}00`;
  assert.equal(hex(keys), half('02') + half('0a'));
});
