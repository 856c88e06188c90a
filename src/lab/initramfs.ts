import { createHash } from 'node:crypto';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { IpvscopeError } from '../error.js';
import { findProgram } from '../exec/find.js';
import { runProgram } from '../exec/run.js';
import { type CpioEntry, cpioArchive } from './cpio.js';
import { isStaticElf } from './elf.js';
import { GUEST_MODULES, GUEST_SCRIPT, INITRAMFS_SCRIPT } from './guest-init.js';
import { labCacheDirectory, writeAtomically } from './lab-cache.js';
import type { LabKernel } from './lab-kernel.js';
import { moduleOrder } from './module-order.js';

const DIRECTORIES = ['bin', 'dev', 'host', 'modules', 'newroot', 'proc', 'scratch', 'sys'];

/**
 * Returns the path of a kernel's initial RAM disk, which it builds unless the cache has one with the
 * same contents.
 *
 * @throws IpvscopeError `ERR_LAB_BUSYBOX_DYNAMIC` if busybox is linked dynamically.
 */
export async function obtainInitramfs(kernel: LabKernel, signal: AbortSignal): Promise<string> {
  const busyboxPath = findProgram('busybox');
  const busybox = await readFile(busyboxPath);
  if (!isStaticElf(busybox)) {
    throw new IpvscopeError('ERR_LAB_BUSYBOX_DYNAMIC', `${busyboxPath} is not linked statically`, {
      step: 'initramfs',
      hint: 'apt-get install busybox-static',
    });
  }
  const contentsHash = createHash('sha256')
    .update(JSON.stringify([INITRAMFS_SCRIPT, GUEST_SCRIPT, GUEST_MODULES]))
    .update(busybox)
    .digest('hex')
    .slice(0, 16);
  const name = `${kernel.release}_${kernel.version}-${contentsHash}.cpio`;
  const path = join(labCacheDirectory(), 'initramfs', name);
  try {
    await access(path);
  } catch {
    const modules = await loadModules(kernel, busyboxPath, signal);
    await writeAtomically(path, cpioArchive(entries(busybox, modules)));
  }
  return path;
}

function entries(busybox: Uint8Array, modules: readonly Uint8Array[]): readonly CpioEntry[] {
  return [
    ...DIRECTORIES.map((path) => ({ path })),
    { path: 'bin/busybox', content: busybox, executable: true },
    { path: 'init', content: Buffer.from(INITRAMFS_SCRIPT), executable: true },
    { path: 'guest', content: Buffer.from(GUEST_SCRIPT) },
    // Names that a shell's pattern expands in the order of loading.
    ...modules.map((content, index) => ({
      path: `modules/${String(index).padStart(3, '0')}.ko`,
      content,
    })),
  ];
}

async function loadModules(
  kernel: LabKernel,
  busybox: string,
  signal: AbortSignal,
): Promise<readonly Uint8Array[]> {
  const directory = join(kernel.directory, 'modules');
  const [dependencies, builtin] = await Promise.all([
    readFile(join(directory, 'modules.dep'), 'utf8'),
    readFile(join(directory, 'modules.builtin'), 'utf8'),
  ]);
  const paths = moduleOrder({ dependencies, builtin }, GUEST_MODULES);
  return await Promise.all(
    paths.map((path) =>
      path.endsWith('.xz')
        ? runProgram(busybox, ['xzcat', join(directory, path)], { step: 'initramfs', signal })
        : readFile(join(directory, path)),
    ),
  );
}
