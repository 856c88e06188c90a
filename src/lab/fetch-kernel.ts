import { mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { IpvscopeError } from '../error.js';
import { findProgram, findPrograms } from '../exec/find.js';
import { runProgram } from '../exec/run.js';
import { debianKernel, META_PACKAGE } from './debian-kernels.js';
import { downloadSummary } from './download-summary.js';
import { isPresent, publishDirectory, withScratch } from './lab-cache.js';
import { PrivateApt } from './private-apt.js';

/** Release and version of a packaged kernel. */
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

/** Packages of the image and the modules; newer suites split the two. */
const KERNEL_PACKAGE = /^linux-(?:base|binary|image|modules)-\d/;

/** Returns the name of the directory that holds a kernel. */
export function packageDirectory({ release, version }: PackagedKernel): string {
  return `${release}_${version}`;
}

/**
 * Downloads the newest kernel of a suite into a new directory below `parent`, with `vmlinuz` and
 * `modules` in it. Safe against a concurrent download of the same kernel.
 *
 * @throws IpvscopeError `ERR_LAB_KERNEL_UNREACHABLE` if no mirror provides one,
 * `ERR_LAB_KERNEL_LAYOUT` if the packages have an unexpected layout.
 */
export async function fetchKernel(request: FetchRequest, parent: string): Promise<PackagedKernel> {
  // A missing program is reported before the download.
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
    throw new IpvscopeError('ERR_LAB_KERNEL_UNREACHABLE', `no mirror provides ${what}`, {
      step: 'fetch',
      hint: 'check that apt-get update reaches a Debian mirror',
      log: complaints,
    });
  }
  if (complaints !== '') {
    // A suite out of reach may have a newer kernel.
    onProgress(`fetching kernel ${kernel} despite: ${complaints.split('\n')[0]}`);
  }
  const directory = join(scratch, 'debs');
  await mkdir(directory);
  const debs = await apt.download(names, directory);
  onProgress(`fetched the kernel: ${await downloadSummary(debs, start)}`);
  return debs;
}

/** Unpacks the kernel into `scratch/finished`. */
async function unpack(
  debs: readonly string[],
  scratch: string,
  signal: AbortSignal,
): Promise<PackagedKernel> {
  const tree = join(scratch, 'tree');
  for (const deb of debs) {
    await runProgram(findProgram('dpkg-deb'), ['-x', deb, tree], { step: 'unpack', signal });
  }
  // Newer packages install below /usr/lib; the link from /lib belongs to another package.
  const base = (await isPresent(join(tree, 'lib', 'modules'))) ? tree : join(tree, 'usr');
  const [release = '', ...others] = await readdir(join(base, 'lib', 'modules'));
  const modules = join(base, 'lib', 'modules', release);
  const bootImage = join(tree, 'boot', `vmlinuz-${release}`);
  const image = (await isPresent(bootImage)) ? bootImage : join(modules, 'vmlinuz');
  const version = debs[0]?.split('_').at(-2);
  const needed = [image, join(modules, 'modules.order'), join(modules, 'modules.builtin')];
  const complete = (await Promise.all(needed.map(isPresent))).every(Boolean);
  if (!complete || version === undefined || others.length > 0) {
    throw new IpvscopeError('ERR_LAB_KERNEL_LAYOUT', 'unexpected layout of the kernel packages', {
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
