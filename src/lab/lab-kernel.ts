import { access, mkdir, readdir, realpath, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { ExitCode, IpvscopeError } from '../error.js';
import { debianKernel, labKernels, META_PACKAGE } from './debian-kernels.js';
import {
  labCacheDirectory,
  publishDirectory,
  readIfPresent,
  withScratch,
  writeAtomically,
} from './lab-cache.js';
import { PrivateApt } from './private-apt.js';
import { findProgram } from './programs.js';
import { runProgram } from './run-program.js';

/** A kernel in the cache, ready to boot. */
export interface LabKernel {
  /** As the table names it: `6.1`. */
  readonly kernel: string;
  /** As `uname -r` names it: `6.1.0-56-amd64`. */
  readonly release: string;
  /** Debian's version of the package: `6.1.192-2`. */
  readonly version: string;
  /** Holds `vmlinuz` and `modules`; its name tells release and version. */
  readonly directory: string;
}

export interface KernelRequest {
  readonly kernel: string;
  /** Asks the mirror even if a kernel is cached. */
  readonly refresh: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
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
 * @throws IpvscopeError `ERR_LAB_KERNEL_UNREACHABLE` if none is cached and no mirror gives one.
 */
export async function obtainKernel(request: KernelRequest): Promise<LabKernel> {
  const cached = await readRecord(request.kernel);
  if (cached !== undefined && !request.refresh) {
    return cached;
  }
  request.onProgress(`fetching kernel ${request.kernel}`);
  const fetched = await fetchKernel(request);
  request.onProgress(`kernel ${request.kernel} is ${fetched.release} (${fetched.version})`);
  return fetched;
}

/** Small record files, one for each kernel of the table, say which directory is the current one. */
function recordPath(kernel: string): string {
  return join(labCacheDirectory(), 'kernels', `${kernel}.json`);
}

async function readRecord(kernel: string): Promise<LabKernel | undefined> {
  const record = await readIfPresent(recordPath(kernel));
  if (record === undefined) {
    return undefined;
  }
  const { release, version }: Partial<LabKernel> = JSON.parse(record);
  if (release === undefined || version === undefined) {
    return undefined;
  }
  const directory = join(labCacheDirectory(), 'kernels', `${release}_${version}`);
  try {
    // The guest gets the directory by a path that must not lead over a symbolic link.
    return { kernel, release, version, directory: await realpath(directory) };
  } catch {
    return undefined;
  }
}

async function fetchKernel({ kernel, signal }: KernelRequest): Promise<LabKernel> {
  const row = debianKernel(kernel);
  return await withScratch(join(labCacheDirectory(), 'kernels'), async (scratch) => {
    const apt = await PrivateApt.create(scratch, row, signal);
    const complaints = await apt.update();
    const names = (await apt.closure(META_PACKAGE)).filter((name) =>
      /^linux-(?:image|modules|binary)-\d/.test(name),
    );
    if (names.length === 0) {
      throw new IpvscopeError(
        'ERR_LAB_KERNEL_UNREACHABLE',
        `no mirror gives kernel ${kernel} (${META_PACKAGE} of Debian ${row.suite})`,
        {
          step: 'fetch',
          hint: 'check that apt-get update reaches a Debian mirror',
          log: complaints,
          exitCode: ExitCode.prerequisite,
        },
      );
    }
    const debs = join(scratch, 'debs');
    await mkdir(debs);
    const files = await apt.download(names, debs);
    return await unpack(kernel, files, scratch, signal);
  });
}

async function unpack(
  kernel: string,
  debs: readonly string[],
  scratch: string,
  signal: AbortSignal,
): Promise<LabKernel> {
  const tree = join(scratch, 'tree');
  for (const deb of debs) {
    await runProgram(findProgram('dpkg-deb'), ['-x', deb, tree], { step: 'unpack', signal });
  }
  const [first] = debs;
  const version = first?.split('_').at(-2);
  // Newer packages leave out the link from /lib to /usr/lib.
  const base = (await exists(join(tree, 'lib', 'modules'))) ? tree : join(tree, 'usr');
  const [release, ...others] = await readdir(join(base, 'lib', 'modules'));
  if (release === undefined || version === undefined || others.length > 0) {
    throw new IpvscopeError(
      'ERR_LAB_KERNEL_LAYOUT',
      `the package of ${kernel} is not as expected`,
      {
        step: 'unpack',
      },
    );
  }
  await runProgram(findProgram('depmod'), ['-b', base, release], { step: 'depmod', signal });

  const modules = join(base, 'lib', 'modules', release);
  const bootImage = join(tree, 'boot', `vmlinuz-${release}`);
  const image = (await exists(bootImage)) ? bootImage : join(modules, 'vmlinuz');
  const finished = join(scratch, 'finished');
  await mkdir(finished);
  await rename(image, join(finished, 'vmlinuz'));
  await rename(modules, join(finished, 'modules'));

  const directory = join(labCacheDirectory(), 'kernels', `${release}_${version}`);
  await publishDirectory(finished, directory);
  await writeAtomically(recordPath(kernel), JSON.stringify({ kernel, release, version }));
  return { kernel, release, version, directory: await realpath(directory) };
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
