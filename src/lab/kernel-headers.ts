import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { IpvscopeError } from '../error.js';
import { findPrograms } from '../exec/find.js';
import { packageDirectory } from './fetch-kernel.js';
import { fetchPackages } from './fetch-packages.js';
import {
  isPresent,
  labCacheDirectory,
  publishDirectory,
  readIfPresent,
  withScratch,
} from './lab-cache.js';
import type { LabKernel } from './lab-kernel.js';
import { gatherLibraries, SUITE_LIBRARIES, useLibraries } from './suite-libraries.js';

export interface HeadersRequest {
  readonly kernel: LabKernel;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

/**
 * Returns the directory for `make -C` that builds modules for a cached kernel: headers and build
 * programs of exactly its version, downloaded unless they are cached.
 *
 * The makefiles name the compiler that built the kernel; `make CC=gcc` chooses another one.
 *
 * @throws IpvscopeError `ERR_LAB_PACKAGES_UNREACHABLE` if no mirror provides them,
 * `ERR_LAB_KERNEL_LAYOUT` if the packages have an unexpected layout.
 */
export async function obtainKernelHeaders(request: HeadersRequest): Promise<string> {
  const { kernel, onProgress } = request;
  const parent = join(labCacheDirectory(), 'headers');
  const finished = join(parent, packageDirectory(kernel));
  const directory = join(finished, 'src', `linux-headers-${kernel.release}`);
  if (await isPresent(directory)) return directory;

  findPrograms(['dpkg-deb']);
  onProgress(`fetching the headers of ${kernel.release}`);
  await withScratch(parent, async (scratch) => {
    const tree = await fetchPackages(
      {
        ...request,
        what: 'the headers',
        name: `linux-headers-${kernel.release}`,
        wanted: (name) => /^linux-(?:headers|kbuild)-\d/.test(name) || SUITE_LIBRARIES.test(name),
      },
      scratch,
    );
    await makeRelocatable(tree, kernel);
    const draft = join(scratch, 'finished');
    await mkdir(draft);
    // Side by side, as below /usr: the packages link to each other by relative paths.
    for (const name of ['lib', 'src']) await rename(join(tree, 'usr', name), join(draft, name));
    await publishDirectory(draft, finished);
  });
  return directory;
}

async function makeRelocatable(tree: string, kernel: LabKernel): Promise<void> {
  const library = join(tree, 'usr', 'lib');
  const kbuild = (await readdir(library)).find((name) => name.startsWith('linux-kbuild-'));
  const path = join(tree, 'usr', 'src', `linux-headers-${kernel.release}`, 'Makefile');
  const makefile = relocatedMakefile((await readIfPresent(path)) ?? '');
  if (kbuild === undefined || makefile === undefined) {
    const message = `unexpected layout of the headers of ${kernel.release}`;
    throw new IpvscopeError('ERR_LAB_KERNEL_LAYOUT', message, { step: 'unpack', log: path });
  }
  await writeFile(path, makefile);
  const libraries = join(library, 'suite');
  await gatherLibraries(tree, libraries);
  await useLibraries(libraries, join(library, kbuild));
}

/**
 * Rewrites a makefile to include its counterpart by a relative path; undefined if it holds more than
 * an include from /usr/src.
 */
export function relocatedMakefile(text: string): string | undefined {
  const form =
    /^(?:KBUILD_OUTPUT=\/usr\/src\/[^\s/]+\n)?include \/usr\/src\/linux-headers-[^\s/]+\/Makefile\n?$/;
  if (!form.test(text)) return undefined;
  return text.replaceAll('/usr/src/', '$(abspath $(dir $(lastword $(MAKEFILE_LIST)))..)/');
}
