import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { debianKernel } from '../../src/lab/debian-kernels.js';
import { PrivateApt } from '../../src/lab/private-apt.js';

/** What an official build of Node links, and nothing else: no shell, no compiler, no libelf. */
const PACKAGES = ['libc6', 'libgcc-s1', 'libstdc++6', 'libatomic1'];

/** Every Debian release has these as links. */
const MERGED = ['bin', 'lib', 'lib64', 'sbin'];

/**
 * Makes the root directory of a system that has Node and its libraries alone.
 *
 * @param kernel the lab's kernel whose Debian suite the libraries are of
 * @param scratch an empty directory
 * @param project a directory with the installed package, found in the root as /project
 * @returns the root's path
 */
export async function makeBareRoot(
  kernel: string,
  scratch: string,
  project: string,
): Promise<string> {
  const apt = await PrivateApt.create(scratch, debianKernel(kernel), new AbortController().signal);
  const complaints = await apt.update();
  const debs = join(scratch, 'debs');
  mkdirSync(debs);
  await apt.download(PACKAGES, debs).catch((cause: unknown) => {
    throw new Error(`no mirror gives ${PACKAGES.join(', ')}: ${complaints}`, { cause });
  });

  const root = join(scratch, 'root');
  for (const name of MERGED) {
    mkdirSync(join(root, 'usr', name), { recursive: true });
    symlinkSync(join('usr', name), join(root, name));
  }
  for (const name of readdirSync(debs)) {
    execFileSync('dpkg-deb', ['-x', join(debs, name), root]);
  }
  for (const name of ['proc', 'sys', 'tmp', 'root']) mkdirSync(join(root, name));
  copyFileSync(process.execPath, join(root, 'usr/bin/node'));
  cpSync(project, join(root, 'project'), { recursive: true, verbatimSymlinks: true });
  return root;
}

/** The command that runs Node inside the root, with /proc and /sys mounted in a namespace of its own. */
export function inRoot(root: string, args: readonly string[]): readonly string[] {
  const script =
    'mount -t proc proc "$0/proc" && mount --rbind /sys "$0/sys" && exec chroot "$0" /usr/bin/node "$@"';
  return ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, root, ...args];
}

/** What a process in the root has in its environment. */
export const BARE_ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root' };
