import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ExitCode, IpvscopeError } from '../error.js';

/** Which Debian package brings a program that the lab calls. */
const PACKAGES = {
  'apt-cache': 'apt',
  'apt-get': 'apt',
  busybox: 'busybox-static',
  depmod: 'kmod',
  'dpkg-deb': 'dpkg',
  'qemu-system-x86_64': 'qemu-system-x86',
  setpriv: 'util-linux',
} as const;

export type Program = keyof typeof PACKAGES;

/** Where root's programs live; other users' PATH often lacks them. */
const SYSTEM_DIRECTORIES = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'];

/** The directories of PATH, then those of the system, each once. */
export function searchPath(path: string | undefined = process.env.PATH): readonly string[] {
  const own = (path ?? '').split(delimiter).filter((directory) => directory.startsWith('/'));
  return [...new Set([...own, ...SYSTEM_DIRECTORIES])];
}

/**
 * The absolute path of a program.
 *
 * @throws IpvscopeError `ERR_LAB_QEMU_MISSING` or `ERR_LAB_PROGRAM_MISSING`, with the package to
 * install.
 */
export function findProgram(program: Program, directories = searchPath()): string {
  for (const directory of directories) {
    const candidate = join(directory, program);
    if (isExecutable(candidate)) {
      return candidate;
    }
  }
  const code =
    program === 'qemu-system-x86_64' ? 'ERR_LAB_QEMU_MISSING' : 'ERR_LAB_PROGRAM_MISSING';
  throw new IpvscopeError(code, `the lab needs ${program}, which is not installed`, {
    step: 'programs',
    hint: `apt-get install ${PACKAGES[program]}`,
    exitCode: ExitCode.prerequisite,
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
