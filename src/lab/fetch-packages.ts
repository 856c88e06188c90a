import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ExitCode, IpvscopeError } from '../error.js';
import { findProgram } from '../programs.js';
import { runProgram } from '../run-program.js';
import { debianKernel } from './debian-kernels.js';
import type { LabKernel } from './lab-kernel.js';
import { PrivateApt } from './private-apt.js';

/** Packages that were built together with a cached kernel. */
export interface PackagesRequest {
  readonly kernel: LabKernel;
  /** For the error: `the headers`. */
  readonly what: string;
  /** Their names: this package, and what it depends on as far as `wanted` says. */
  readonly name: string;
  readonly wanted: (name: string) => boolean;
  readonly signal: AbortSignal;
}

/**
 * Downloads packages of exactly the kernel's version and unpacks them into `tree` below `scratch`.
 *
 * @throws IpvscopeError `ERR_LAB_PACKAGES_UNREACHABLE` if no mirror gives them; a mirror keeps a
 * version only for a while after its successor.
 */
export async function fetchPackages(request: PackagesRequest, scratch: string): Promise<string> {
  const { kernel, what, name, signal } = request;
  const apt = await PrivateApt.create(scratch, debianKernel(kernel.kernel), signal);
  const complaints = await apt.update();
  const names = (await apt.closure(name)).filter(request.wanted);
  const debs = await downloadVersion(apt, names, kernel.version, join(scratch, 'debs'));
  if (debs.length === 0) {
    signal.throwIfAborted();
    const which = `${what} of kernel ${kernel.release} (${kernel.version})`;
    throw new IpvscopeError('ERR_LAB_PACKAGES_UNREACHABLE', `no mirror gives ${which}`, {
      step: 'fetch',
      hint: `ipvscope lab --kernel ${kernel.kernel} --refresh fetches the newest kernel`,
      log: complaints,
      exitCode: ExitCode.prerequisite,
    });
  }
  const tree = join(scratch, 'tree');
  for (const deb of debs) {
    await runProgram(findProgram('dpkg-deb'), ['-x', deb, tree], { step: 'unpack', signal });
  }
  return tree;
}

/** None where one of them cannot be had. */
async function downloadVersion(
  apt: PrivateApt,
  names: readonly string[],
  version: string,
  directory: string,
): Promise<readonly string[]> {
  if (names.length === 0) return [];
  await mkdir(directory);
  try {
    return await apt.download(
      names.map((name) => `${name}=${version}`),
      directory,
    );
  } catch (error) {
    if (error instanceof IpvscopeError && error.code === 'ERR_PROGRAM_FAILED') return [];
    throw error;
  }
}
