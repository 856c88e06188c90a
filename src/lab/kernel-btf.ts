import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buildBtf } from '../btf/build-btf.js';
import { findBtfFile } from '../native/btf-file.js';
import { realFiles } from '../native/kernel-files.js';
import { debianKernel } from './debian-kernels.js';
import { packageDirectory } from './fetch-kernel.js';
import { type HeadersRequest, obtainKernelHeaders } from './kernel-headers.js';
import { isPresent, labCacheDirectory, writeAtomically } from './lab-cache.js';

/**
 * Returns the cache directory with the BTF file of a lab kernel built without module BTF, generated
 * unless it is cached; undefined for a kernel with module BTF, or with a BTF file in this package.
 */
export async function obtainKernelBtf(request: HeadersRequest): Promise<string | undefined> {
  const { kernel, signal, onProgress } = request;
  if (debianKernel(kernel.kernel).moduleBtf) return undefined;
  if (findBtfFile({ ...realFiles, release: kernel.release }) !== undefined) return undefined;
  const directory = join(labCacheDirectory(), 'btf', packageDirectory(kernel));
  const file = join(directory, `${kernel.release}.btf`);
  if (!(await isPresent(file))) {
    const headers = await obtainKernelHeaders(request);
    onProgress(`generating BTF of ${kernel.release}`);
    await mkdir(directory, { recursive: true });
    await writeAtomically(file, await buildBtf({ headers, minimal: false, signal }));
  }
  return directory;
}
