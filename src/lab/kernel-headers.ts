import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { IpvscopeError } from '../error.js';
import { findPrograms } from '../programs.js';
import { packageDirectory } from './fetch-kernel.js';
import { fetchPackages } from './fetch-packages.js';
import { isPresent, labCacheDirectory, publishDirectory, withScratch } from './lab-cache.js';
import type { LabKernel } from './lab-kernel.js';

export interface HeadersRequest {
  readonly kernel: LabKernel;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

/**
 * The directory for `make -C` that builds modules for a cached kernel: its headers and the build's
 * own programs, of exactly its version, fetched into the cache unless they are there.
 *
 * The build's makefiles name the compiler that built the kernel; another one is `make CC=gcc`.
 *
 * @throws IpvscopeError `ERR_LAB_PACKAGES_UNREACHABLE` if no mirror gives them,
 * `ERR_LAB_KERNEL_LAYOUT` if the packages are not built as the lab expects.
 */
export async function obtainKernelHeaders(request: HeadersRequest): Promise<string> {
  const { kernel, signal } = request;
  const parent = join(labCacheDirectory(), 'headers');
  const finished = join(parent, packageDirectory(kernel));
  const directory = join(finished, 'src', `linux-headers-${kernel.release}`);
  if (await isPresent(directory)) return directory;

  findPrograms(['dpkg-deb']);
  request.onProgress(`fetching the headers of ${kernel.release}`);
  await withScratch(parent, async (scratch) => {
    const tree = await fetchPackages(
      {
        kernel,
        what: 'the headers',
        name: `linux-headers-${kernel.release}`,
        wanted: (name) => /^linux-(?:headers|kbuild)-\d/.test(name),
        signal,
      },
      scratch,
    );
    const draft = join(scratch, 'finished');
    await mkdir(draft);
    // Side by side as below /usr: the packages link to each other by relative paths.
    for (const name of ['lib', 'src']) await rename(join(tree, 'usr', name), join(draft, name));
    await relocate(join(draft, 'src', `linux-headers-${kernel.release}`, 'Makefile'), kernel);
    await publishDirectory(draft, finished);
  });
  return directory;
}

/** What is in the makefile of the packages is only the absolute path to its twin's. */
async function relocate(path: string, kernel: LabKernel): Promise<void> {
  const makefile = relocatedMakefile(await readFile(path, 'utf8'));
  if (makefile === undefined) {
    const message = `the headers of ${kernel.release} are not as expected`;
    throw new IpvscopeError('ERR_LAB_KERNEL_LAYOUT', message, { step: 'unpack', log: path });
  }
  await writeFile(path, makefile);
}

/** A makefile that finds /usr/src beside itself; undefined if it has another form. */
export function relocatedMakefile(text: string): string | undefined {
  const form =
    /^(?:KBUILD_OUTPUT=\/usr\/src\/[^\s/]+\n)?include \/usr\/src\/linux-headers-[^\s/]+\/Makefile\n?$/;
  if (!form.test(text)) return undefined;
  return text.replaceAll('/usr/src/', '$(abspath $(dir $(lastword $(MAKEFILE_LIST)))..)/');
}
