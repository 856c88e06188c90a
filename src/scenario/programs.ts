import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ExitCode, IpvscopeError } from '../error.js';

/** Which Debian package brings a program that the scenarios call. */
const PACKAGES = {
  ip: 'iproute2',
  ipvsadm: 'ipvsadm',
  nft: 'nftables',
  tcpdump: 'tcpdump',
} as const;

export type Program = keyof typeof PACKAGES;

/** Where root's programs live; other users' PATH often lacks them. */
const SYSTEM_DIRECTORIES = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'];

/** The directories of PATH, then those of the system, each once. */
export function programDirectories(path: string | undefined = process.env.PATH): readonly string[] {
  const own = (path ?? '').split(delimiter).filter((directory) => directory.startsWith('/'));
  return [...new Set([...own, ...SYSTEM_DIRECTORIES])];
}

/**
 * Looks for every program before any is run.
 *
 * @throws IpvscopeError `ERR_SCENARIO_PROGRAM_MISSING`, one for all that are missing, with the
 * packages to install.
 */
export function requirePrograms(
  programs: readonly Program[],
  directories = programDirectories(),
): void {
  const missing = programs.filter(
    (program) => !directories.some((directory) => isExecutable(join(directory, program))),
  );
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((program) => PACKAGES[program]))];
  throw new IpvscopeError(
    'ERR_SCENARIO_PROGRAM_MISSING',
    `the scenario needs ${missing.join(' and ')}, not installed here`,
    {
      step: 'programs',
      hint: `apt-get install ${packages.join(' ')}`,
      exitCode: ExitCode.prerequisite,
    },
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
