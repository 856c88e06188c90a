import { mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { ExitCode, IpvscopeError } from '../error.js';
import { findProgram, findPrograms } from '../exec/find.js';
import { runProgram } from '../exec/run.js';
import { debianKernel, META_PACKAGE } from './debian-kernels.js';
import { downloadSummary } from './download-summary.js';
import { isPresent, publishDirectory, withScratch } from './lab-cache.js';
import { PrivateApt } from './private-apt.js';

/** What a package calls its kernel. */
export interface PackagedKernel {
  /** As `uname -r` names it: `6.1.0-56-amd64`. */
  readonly release: string;
  /** Debian's version of the package: `6.1.192-2`. */
  readonly version: string;
}

export interface FetchRequest {
  readonly kernel: string;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

/** The packages with the image and the modules; newer suites split them. */
const KERNEL_PACKAGE = /^linux-(?:base|binary|image|modules)-\d/;

/** The name of the directory that holds a kernel. */
export function packageDirectory({ release, version }: PackagedKernel): string {
  return `${release}_${version}`;
}

/**
 * Downloads the newest kernel of a suite into a new directory below `parent`, which then holds
 * `vmlinuz` and `modules`. Two that fetch the same one at a time do not disturb each other.
 *
 * @throws IpvscopeError `ERR_LAB_KERNEL_UNREACHABLE` if no mirror gives one,
 * `ERR_LAB_KERNEL_LAYOUT` if the package is not built as the lab expects.
 */
export async function fetchKernel(request: FetchRequest, parent: string): Promise<PackagedKernel> {
  // Before the download, not after it.
  findPrograms(['dpkg-deb', 'depmod']);
  return await withScratch(parent, async (scratch) => {
    const debs = await download(request, scratch);
    const packaged = await unpack(debs, scratch, request.signal);
    await publishDirectory(join(scratch, 'finished'), join(parent, packageDirectory(packaged)));
    return packaged;
  });
}

async function download(request: FetchRequest, scratch: string): Promise<readonly string[]> {
  const { kernel, signal, onProgress } = request;
  const start = performance.now();
  const row = debianKernel(kernel);
  const apt = await PrivateApt.create(scratch, row, signal);
  const complaints = await apt.update();
  const names = (await apt.closure(META_PACKAGE)).filter((name) => KERNEL_PACKAGE.test(name));
  if (names.length === 0) {
    const what = `kernel ${kernel} (${META_PACKAGE} of Debian ${row.suite})`;
    throw new IpvscopeError('ERR_LAB_KERNEL_UNREACHABLE', `no mirror gives ${what}`, {
      step: 'fetch',
      hint: 'check that apt-get update reaches a Debian mirror',
      log: complaints,
      exitCode: ExitCode.prerequisite,
    });
  }
  if (complaints !== '') {
    // A suite that did not answer may have had a newer one.
    onProgress(`fetching kernel ${kernel} all the same: ${complaints.split('\n')[0]}`);
  }
  const directory = join(scratch, 'debs');
  await mkdir(directory);
  const debs = await apt.download(names, directory);
  onProgress(`fetched the kernel: ${await downloadSummary(debs, start)}`);
  return debs;
}

/** Leaves the kernel in `finished`, next to the tree of its packages. */
async function unpack(
  debs: readonly string[],
  scratch: string,
  signal: AbortSignal,
): Promise<PackagedKernel> {
  const tree = join(scratch, 'tree');
  for (const deb of debs) {
    await runProgram(findProgram('dpkg-deb'), ['-x', deb, tree], { step: 'unpack', signal });
  }
  // Newer packages install below /usr/lib, and leave the link from /lib to another package.
  const base = (await isPresent(join(tree, 'lib', 'modules'))) ? tree : join(tree, 'usr');
  const [release = '', ...others] = await readdir(join(base, 'lib', 'modules'));
  const modules = join(base, 'lib', 'modules', release);
  const bootImage = join(tree, 'boot', `vmlinuz-${release}`);
  const image = (await isPresent(bootImage)) ? bootImage : join(modules, 'vmlinuz');
  const version = debs[0]?.split('_').at(-2);
  const needed = [image, join(modules, 'modules.order'), join(modules, 'modules.builtin')];
  const complete = (await Promise.all(needed.map(isPresent))).every(Boolean);
  if (!complete || version === undefined || others.length > 0) {
    throw new IpvscopeError('ERR_LAB_KERNEL_LAYOUT', 'the kernel packages are not as expected', {
      step: 'unpack',
      log: debs.join('\n'),
    });
  }
  await runProgram(findProgram('depmod'), ['-b', base, release], { step: 'depmod', signal });
  const finished = join(scratch, 'finished');
  await mkdir(finished);
  await rename(image, join(finished, 'vmlinuz'));
  await rename(modules, join(finished, 'modules'));
  return { release, version };
}
