import { statSync } from 'node:fs';
import { type KernelFiles, realFiles } from './kernel-files.js';

const INITSTATE = '/sys/module/ip_vs/initstate';
const BUILT_IN = 'built in';

/**
 * Identifies this loading of ip_vs: another value after the module was reloaded, undefined while it is
 * absent or still initialises.
 *
 * @throws a system error where it cannot be read (EMFILE, ENFILE, ENOMEM).
 */
export function ipvsInstance(
  files: KernelFiles = realFiles,
  inode = moduleInode,
): string | undefined {
  if (!hasIpvs(files)) return undefined;
  if (!files.exists(INITSTATE)) return BUILT_IN;
  try {
    return files.read(INITSTATE).trim() === 'live' ? String(inode()) : undefined;
  } catch (cause) {
    // Unloaded since `hasIpvs` (ENODEV: while the file was read).
    if (['ENOENT', 'ENODEV'].includes((cause as NodeJS.ErrnoException).code ?? ''))
      return undefined;
    throw cause;
  }
}

/** Returns whether ip_vs is loaded or built in: it registers this file in every network namespace (ip_vs_ctl.c). */
export const hasIpvs = (files: KernelFiles): boolean => files.exists('/proc/net/ip_vs');

/** Returns whether ip_vs is a module. */
export const isModule = (files: KernelFiles): boolean => files.exists(INITSTATE);

/** sysfs gives every new directory a number of its own (fs/kernfs, kernfs_new_node). */
const moduleInode = (): number => statSync('/sys/module/ip_vs').ino;
