import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checksum,
  fragmentationNeeded,
  synsFrom,
  tcpSegment,
} from '../../../src/testbed/raw-packets.js';

const packet = {
  source: '10.0.1.2',
  sourcePort: 40_001,
  target: '10.96.0.10',
  targetPort: 80,
  sequence: 0x01020304,
};

/** With its checksum in place a header sums up to nothing (RFC 1071). */
const isSound = (bytes: Uint8Array): boolean => checksum(bytes) === 0;

test('the checksum is that of the example of RFC 1071', () => {
  const example = Buffer.from('0001f203f4f5f6f7', 'hex');
  assert.equal(checksum(example), ~0xddf2 & 0xffff);
});

test('a segment is a SYN of 20 bytes whose checksum is right', () => {
  const segment = tcpSegment(packet);
  assert.equal(segment.length, 20);
  assert.equal(segment.readUInt16BE(0), 40_001);
  assert.equal(segment.readUInt16BE(2), 80);
  assert.equal(segment.readUInt32BE(4), 0x01020304);
  assert.equal(segment[13], 0x02);
  const pseudo = Buffer.from([10, 0, 1, 2, 10, 96, 0, 10, 0, 6, 0, segment.length]);
  assert.equal(isSound(Buffer.concat([pseudo, segment])), true);
});

test('data of an odd length is in the checksum', () => {
  const segment = tcpSegment({ ...packet, data: 'hello' });
  assert.equal(segment.subarray(20).toString(), 'hello');
  const pseudo = Buffer.from([10, 0, 1, 2, 10, 96, 0, 10, 0, 6, 0, segment.length]);
  assert.equal(isSound(Buffer.concat([pseudo, segment])), true);
});

test('an ICMP error quotes a sound header', () => {
  const icmp = fragmentationNeeded(packet, 1400);
  assert.deepEqual([icmp[0], icmp[1], icmp.readUInt16BE(6)], [3, 4, 1400]);
  assert.equal(isSound(icmp), true);
  assert.equal(isSound(icmp.subarray(8, 28)), true);
  assert.deepEqual([...icmp.subarray(20, 28)], [10, 0, 1, 2, 10, 96, 0, 10]);
});

test('a flood is the same segments as one by one', () => {
  const sequenceOf = (index: number): number => (Math.imul(index + 7, 0x9e3779b1) >>> 0) % 2 ** 32;
  const all = synsFrom(packet, 3_000, sequenceOf);
  for (const index of [0, 1, 2, 1_500, 2_999]) {
    const alone = tcpSegment({
      ...packet,
      sourcePort: packet.sourcePort + index,
      sequence: sequenceOf(index),
    });
    assert.deepEqual(all.subarray(index * 20, (index + 1) * 20), alone);
  }
});
