import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imagePayload } from '../../../src/lab/kernel-image.js';

/** A boot image with `setup` sectors, whose payload begins `offset` bytes after them. */
function bootImage(sectors: number, offset: number, payload: string): Buffer {
  const start = ((sectors || 4) + 1) * 512;
  const image = Buffer.alloc(start + offset + payload.length + 10, 0xee);
  image[0x1f1] = sectors;
  image.write('HdrS', 0x202);
  image.writeUInt32LE(offset, 0x248);
  image.writeUInt32LE(payload.length, 0x24c);
  image.write(payload, start + offset);
  return image;
}

test('the packed kernel is where the header says', () => {
  assert.equal(imagePayload(bootImage(39, 700, 'packed'))?.toString(), 'packed');
  assert.equal(imagePayload(bootImage(0, 3, 'packed'))?.toString(), 'packed');
});

test('no payload where there is no such header, or it points beyond the file', () => {
  assert.equal(imagePayload(Buffer.alloc(4096)), undefined);
  assert.equal(imagePayload(Buffer.alloc(10)), undefined);
  assert.equal(imagePayload(bootImage(1, 3, '')), undefined);
  assert.equal(imagePayload(bootImage(1, 3, 'packed').subarray(0, 1028)), undefined);
});
