import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { IpvscopeError } from '../error.js';
import { findProgram } from '../exec/find.js';
import { runProgram } from '../exec/run.js';
import type { LabKernel } from './lab-kernel.js';

const XZ_MAGIC = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]);

/**
 * Unpacks the ELF file in a cached kernel's boot image into `directory`; returns its path.
 *
 * @throws IpvscopeError `ERR_LAB_KERNEL_LAYOUT` for an image that is not compressed with xz.
 */
export async function unpackImage(
  kernel: LabKernel,
  directory: string,
  signal: AbortSignal,
): Promise<string> {
  const payload = imagePayload(await readFile(join(kernel.directory, 'vmlinuz')));
  if (payload === undefined || !payload.subarray(0, XZ_MAGIC.length).equals(XZ_MAGIC)) {
    throw new IpvscopeError(
      'ERR_LAB_KERNEL_LAYOUT',
      `the boot image of ${kernel.release} is not compressed with xz`,
      { step: 'unpack' },
    );
  }
  const packed = join(directory, 'vmlinux.xz');
  await writeFile(packed, payload);
  // The stream is followed by the image's length.
  const args = ['--decompress', '--stdout', '--single-stream', packed];
  const image = join(directory, 'vmlinux');
  await writeFile(image, await runProgram(findProgram('xz'), args, { step: 'unpack', signal }));
  return image;
}

/**
 * Returns the compressed kernel in an x86 boot image (Documentation/arch/x86/boot.rst); undefined for
 * any other file.
 */
export function imagePayload(image: Buffer): Buffer | undefined {
  if (image.length < 0x250 || image.toString('latin1', 0x202, 0x206) !== 'HdrS') return undefined;
  // Real-mode sectors of 512 bytes, and the boot sector itself; zero means four.
  const sectors = image[0x1f1] || 4;
  const start = (sectors + 1) * 512 + image.readUInt32LE(0x248);
  const end = start + image.readUInt32LE(0x24c);
  return end > start && end <= image.length ? image.subarray(start, end) : undefined;
}
