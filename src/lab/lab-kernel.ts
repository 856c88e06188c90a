import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { labKernels } from './debian-kernels.js';
import {
  type FetchRequest,
  fetchKernel,
  type PackagedKernel,
  packageDirectory,
} from './fetch-kernel.js';
import { labCacheDirectory, makeLabCache, readIfPresent, writeAtomically } from './lab-cache.js';

/** A kernel in the cache, ready to boot. */
export interface LabKernel extends PackagedKernel {
  /** Its name in `labKernels()`: `6.1`. */
  readonly kernel: string;
  /** Holds `vmlinuz` and `modules`; its name consists of release and version. */
  readonly directory: string;
}

export interface KernelRequest extends FetchRequest {
  /** Queries the mirror even if a kernel is cached. */
  readonly refresh: boolean;
}

/** Returns the cached kernels, oldest first; they boot without a network. */
export async function cachedKernels(): Promise<readonly LabKernel[]> {
  const found = await Promise.all(labKernels().map(readRecord));
  return found.filter((kernel) => kernel !== undefined);
}

/**
 * Returns the cached kernel, or downloads the newest package of its suite into the cache. With a
 * cached kernel it does not use the network unless `refresh` is set.
 *
 * @throws IpvscopeError `ERR_LAB_CACHE`; `ERR_LAB_KERNEL_UNREACHABLE` if no kernel is cached and no
 * mirror provides one.
 */
export async function obtainKernel(request: KernelRequest): Promise<LabKernel> {
  await makeLabCache();
  const cached = await readRecord(request.kernel);
  if (cached !== undefined && !request.refresh) {
    return cached;
  }
  request.onProgress(`fetching kernel ${request.kernel}`);
  const { release, version } = await fetchKernel(request, kernelsDirectory());
  await writeAtomically(recordPath(request.kernel), JSON.stringify({ release, version }));
  request.onProgress(`kernel ${request.kernel} is ${release} (${version})`);
  return { kernel: request.kernel, release, version, directory: await locate(release, version) };
}

function kernelsDirectory(): string {
  return join(labCacheDirectory(), 'kernels');
}

/** The path of a kernel's record file, which names its current directory. */
function recordPath(kernel: string): string {
  return join(kernelsDirectory(), `${kernel}.json`);
}

/** Resolves symbolic links: QEMU shares the link itself, not its target. */
async function locate(release: string, version: string): Promise<string> {
  return await realpath(join(kernelsDirectory(), packageDirectory({ release, version })));
}

async function readRecord(kernel: string): Promise<LabKernel | undefined> {
  const record = await readIfPresent(recordPath(kernel));
  if (record === undefined) {
    return undefined;
  }
  const { release, version }: Partial<PackagedKernel> = JSON.parse(record);
  if (release === undefined || version === undefined) {
    return undefined;
  }
  try {
    return { kernel, release, version, directory: await locate(release, version) };
  } catch {
    return undefined;
  }
}
