import { mkdir, writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { buildBtf, releaseOf } from '../../btf/build-btf.js';
import { ExitCode, IpvscopeError } from '../../error.js';
import { note } from '../support/standard-streams.js';
import { Stop } from '../support/stop.js';

interface BtfOptions {
  readonly headers: string;
  readonly output?: string;
  readonly minimal?: true;
}

const DIRECTORY = '/var/lib/ipvscope/btf';

export const btfCommand = new Command('btf')
  .description(
    'generate BTF of a kernel and its ip_vs module, for kernels built without module BTF',
  )
  .option(
    '--headers <directory>',
    "directory of the kernel's headers",
    `/lib/modules/${release()}/build`,
  )
  .option('-o, --output <file>', `BTF file to write (default: ${DIRECTORY}/RELEASE.btf)`)
  .option('--minimal', 'only the types that this version of ipvscope reads: about 3 KiB')
  .addHelpText(
    'after',
    `
Kernels before 5.11, and later ones built without CONFIG_DEBUG_INFO_BTF_MODULES, have no BTF of
ip_vs. This command generates it from the kernel's headers package. Every command finds a BTF file
named RELEASE.btf in /etc/ipvscope/btf or ${DIRECTORY} (or in the directories of
IPVSCOPE_BTF_PATH, separated by colons); --btf <file> names another.

Examples:
  apt-get install linux-headers-$(uname -r) && ipvscope btf
  ipvscope btf --headers /usr/src/linux-headers-5.10.0-46-amd64 -o 5.10.0-46-amd64.btf`,
  )
  .action(async (options: BtfOptions) => {
    const stop = new Stop();
    try {
      await writeBtf(options, stop.signal);
    } finally {
      stop.release();
    }
  });

async function writeBtf(options: BtfOptions, signal: AbortSignal): Promise<void> {
  const { headers, minimal } = options;
  const kernelRelease = await releaseOf(headers);
  const output = options.output ?? join(DIRECTORY, `${kernelRelease}.btf`);
  note(`generating BTF of ${kernelRelease}`);
  const btf = await buildBtf({ headers, minimal: minimal === true, signal });
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
