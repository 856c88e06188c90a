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
  /** As the table names it: `6.1`. */
  readonly kernel: string;
  /** Holds `vmlinuz` and `modules`; its name tells release and version. */
  readonly directory: string;
}

export interface KernelRequest extends FetchRequest {
  /** Asks the mirror even if a kernel is cached. */
  readonly refresh: boolean;
}

/** The cached kernels, oldest first: those that boot without a network. */
export async function cachedKernels(): Promise<readonly LabKernel[]> {
  const found = await Promise.all(labKernels().map(readRecord));
  return found.filter((kernel) => kernel !== undefined);
}

/**
 * The cached kernel, or the newest package of its suite, fetched into the cache. A cached one never
 * touches the network unless `refresh` is set.
 *
 * @throws IpvscopeError `ERR_LAB_CACHE`; `ERR_LAB_KERNEL_UNREACHABLE` if none is cached and no mirror gives one.
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

/** Small record files, one for each kernel of the table, say which directory is the current one. */
function recordPath(kernel: string): string {
  return join(kernelsDirectory(), `${kernel}.json`);
}

/** Symbolic links are resolved: QEMU shares a directory, not what a link points to. */
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
