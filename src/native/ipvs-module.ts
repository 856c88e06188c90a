import { statSync } from 'node:fs';
import { type KernelFiles, realFiles } from './kernel-files.js';

const INITSTATE = '/sys/module/ip_vs/initstate';
const BUILT_IN = 'built in';

/**
 * Which loading of ip_vs this is: another value after the module was unloaded and loaded again,
 * undefined while there is none, or while it still initialises. Throws what keeps it from looking
 * (EMFILE, ENFILE, ENOMEM).
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
    // It went between two looks (ENODEV: while the file was read).
    if (['ENOENT', 'ENODEV'].includes((cause as NodeJS.ErrnoException).code ?? ''))
      return undefined;
    throw cause;
  }
}

/** Whether ip_vs is there: it registers this file in every network namespace (ip_vs_ctl.c). */
export const hasIpvs = (files: KernelFiles): boolean => files.exists('/proc/net/ip_vs');

/** Whether it is a module. */
export const isModule = (files: KernelFiles): boolean => files.exists(INITSTATE);

/** sysfs gives every new directory a number of its own (fs/kernfs, kernfs_new_node). */
const moduleInode = (): number => statSync('/sys/module/ip_vs').ino;
