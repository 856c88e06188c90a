import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { IpvscopeError } from '../error.js';

/** The Debian package of each program that is run here. */
const packages = {
  'apt-cache': 'apt',
  'apt-get': 'apt',
  bpftool: 'bpftool',
  busybox: 'busybox-static',
  clang: 'clang',
  depmod: 'kmod',
  'dpkg-deb': 'dpkg',
  gcc: 'gcc',
  ip: 'iproute2',
  ipvsadm: 'ipvsadm',
  make: 'make',
  modprobe: 'kmod',
  nft: 'nftables',
  objcopy: 'binutils',
  pahole: 'pahole',
  'qemu-system-x86_64': 'qemu-system-x86',
  setpriv: 'util-linux',
  socat: 'socat',
  tar: 'tar',
  tcpdump: 'tcpdump',
  xz: 'xz-utils',
} as const;

export type Program = keyof typeof packages;

/** Directories of root's programs; other users' PATH often lacks them. */
const systemDirectories = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'];

/** Returns the directories of PATH and then those of the system, without duplicates. */
export function programDirectories(path: string | undefined = process.env.PATH): readonly string[] {
  const fromPath = (path ?? '').split(delimiter).filter((directory) => directory.startsWith('/'));
  return [...new Set([...fromPath, ...systemDirectories])];
}

/**
 * Finds the absolute paths of programs.
 *
 * @throws IpvscopeError `ERR_PROGRAM_MISSING` naming all missing programs and the packages to install.
 */
export function findPrograms<Name extends Program>(
  programs: readonly Name[],
  directories = programDirectories(),
): Readonly<Record<Name, string>> {
  const paths: Partial<Record<Name, string>> = {};
  const missing: Name[] = [];
  for (const program of programs) {
    const directory = directories.find((known) => isExecutable(join(known, program)));
    if (directory === undefined) missing.push(program);
    else paths[program] = join(directory, program);
  }
  if (missing.length === 0) return paths as Record<Name, string>;
  const wanted = [...new Set(missing.map((program) => packages[program]))];
  throw new IpvscopeError('ERR_PROGRAM_MISSING', `not installed here: ${missing.join(', ')}`, {
    step: 'programs',
    hint: `apt-get install ${wanted.join(' ')}`,
  });
}

/**
 * Finds the absolute path of one program.
 *
 * @throws IpvscopeError `ERR_PROGRAM_MISSING`
 */
export function findProgram(program: Program, directories = programDirectories()): string {
  return findPrograms([program], directories)[program];
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
