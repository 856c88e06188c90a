import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { IpvscopeError } from '../error.js';
import { findProgram } from '../exec/find.js';
import { runProgram } from '../exec/run.js';
import { debianKernel } from './debian-kernels.js';
import { downloadSummary } from './download-summary.js';
import type { LabKernel } from './lab-kernel.js';
import { PrivateApt } from './private-apt.js';

/** Packages to fetch from the suite of a cached kernel. */
export interface PackagesRequest {
  readonly kernel: LabKernel;
  /** For messages: `the headers`. */
  readonly what: string;
  /** This package, and those of its dependencies that `wanted` accepts. */
  readonly name: string;
  readonly wanted: (name: string) => boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

/**
 * Downloads packages, unpacks them into one tree below `scratch` and returns its path. Packages built
 * from the kernel's source have exactly its version.
 *
 * @throws IpvscopeError `ERR_LAB_PACKAGES_UNREACHABLE` if no mirror provides them: mirrors remove a
 * version some time after its successor has appeared.
 */
export async function fetchPackages(request: PackagesRequest, scratch: string): Promise<string> {
  const { kernel, what, signal, onProgress } = request;
  const start = performance.now();
  const apt = await PrivateApt.create(scratch, debianKernel(kernel.kernel), signal);
  const complaints = await apt.update();
  const names = (await apt.closure(request.name)).filter(request.wanted);
  if (names.length === 0) throw unreachable(request, complaints);
  const exact = names.map((name) =>
    name.startsWith('linux-') ? `${name}=${kernel.version}` : name,
  );
  const directory = join(scratch, 'debs');
  await mkdir(directory);
  const debs = await apt.download(exact, directory).catch((error: unknown) => {
    signal.throwIfAborted();
    if (!(error instanceof IpvscopeError) || error.code !== 'ERR_PROGRAM_FAILED') throw error;
    throw unreachable(request, error.log ?? complaints);
  });
  onProgress(`fetched ${what}: ${await downloadSummary(debs, start)}`);

  const tree = join(scratch, 'tree');
  for (const deb of debs) {
    await runProgram(findProgram('dpkg-deb'), ['-x', deb, tree], { step: 'unpack', signal });
  }
  return tree;
}

function unreachable({ kernel, what }: PackagesRequest, log: string): IpvscopeError {
  const which = `${what} of kernel ${kernel.release} (${kernel.version})`;
  return new IpvscopeError('ERR_LAB_PACKAGES_UNREACHABLE', `no mirror provides ${which}`, {
    step: 'fetch',
    hint: `fetch the newest kernel with ipvscope lab --kernel ${kernel.kernel} --refresh <command>`,
    log,
  });
}
