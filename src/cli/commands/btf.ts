import { mkdir, writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { buildBtf, releaseOf } from '../../btf/build-btf.js';
import { ExitCode, IpvscopeError } from '../../error.js';
import { labKernels, obtainKernel, obtainKernelHeaders } from '../../lab/index.js';
import { note } from '../support/standard-streams.js';
import { Stop } from '../support/stop.js';

interface BtfOptions {
  readonly headers?: string;
  readonly labKernel?: string;
  readonly output?: string;
  readonly minimal?: true;
}

const DIRECTORY = '/var/lib/ipvscope/btf';

export const btfCommand = new Command('btf')
  .description('build types of a kernel and its ip_vs, for kernels that do not show them')
  .option('--headers <directory>', "the kernel's headers", `/lib/modules/${release()}/build`)
  .option('--lab-kernel <version>', `of the lab's kernel instead: ${labKernels().join(', ')}`)
  .option('-o, --output <file>', `where to write them (default: ${DIRECTORY}/RELEASE.btf)`)
  .option('--minimal', 'keep only what this version of ipvscope reads: about 1 kB')
  .addHelpText(
    'after',
    `
Kernels before 5.11, and such as are built without CONFIG_DEBUG_INFO_BTF_MODULES, do not show how
ip_vs lays out its structures. This makes it known from the kernel's headers package. Files named
RELEASE.btf in /etc/ipvscope/btf, ${DIRECTORY} (or the directories of IPVSCOPE_BTF_PATH,
separated by colons) are found by every command; --btf FILE names another.

Examples:
  apt-get install linux-headers-$(uname -r) && ipvscope btf
  ipvscope btf --headers /usr/src/linux-headers-5.10.0-46-amd64 -o 5.10.0-46-amd64.btf`,
  )
  .action(async (options: BtfOptions) => {
    const stop = new Stop();
    try {
      await build(options, stop.signal);
    } finally {
      stop.release();
    }
  });

async function build(options: BtfOptions, signal: AbortSignal): Promise<void> {
  const headers = await headersDirectory(options, signal);
  const of = await releaseOf(headers);
  const output = options.output ?? join(DIRECTORY, `${of}.btf`);
  note(`building BTF of ${of}`);
  const btf = await buildBtf({ headers, minimal: options.minimal === true, signal });
  try {
    await mkdir(dirname(output), { recursive: true });
    await writeFile(output, btf);
  } catch (cause) {
    throw new IpvscopeError('ERR_OUTPUT', `cannot write ${output}`, {
      hint: 'name another file with --output',
      exitCode: ExitCode.usage,
      cause,
    });
  }
  note(`${output}: ${btf.length} bytes`);
}

async function headersDirectory(options: BtfOptions, signal: AbortSignal): Promise<string> {
  if (options.labKernel === undefined) return options.headers ?? '';
  const fetch = { signal, onProgress: note };
  const kernel = await obtainKernel({ kernel: options.labKernel, refresh: false, ...fetch });
  return await obtainKernelHeaders({ kernel, ...fetch });
}
