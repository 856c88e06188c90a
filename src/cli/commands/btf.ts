import { release } from 'node:os';
import { type Command, Option } from 'commander';
import { BTF_DIRECTORY } from '../support/btf-directory.js';
import type { HelpText } from '../support/help-text.js';
import type { BtfOptions } from './run-btf.js';

export const help: HelpText = {
  notes: [
    `Kernels before 5.11, and kernels built without CONFIG_DEBUG_INFO_BTF_MODULES, have no BTF of ip_vs. This command generates it from the kernel's headers package. Every command finds files named RELEASE.btf in /etc/ipvscope/btf and ${BTF_DIRECTORY} (or in the directories of IPVSCOPE_BTF_PATH, separated by colons); --btf <file> names another.`,
  ],
  examples: [
    { command: 'apt-get install linux-headers-$(uname -r) && ipvscope btf' },
    {
      command:
        'ipvscope btf --headers /usr/src/linux-headers-5.10.0-46-amd64 -o 5.10.0-46-amd64.btf',
    },
  ],
};

export function define(command: Command): void {
  command
    .addOption(
      new Option('--headers <directory>', 'directory of the kernel headers').default(
        `/lib/modules/${release()}/build`,
        '/lib/modules/$(uname -r)/build',
      ),
    )
    .addOption(
      new Option(
        '-o, --output <file>',
        `BTF file to write (default: ${BTF_DIRECTORY}/RELEASE.btf)`,
      ).env('IPVSCOPE_BTF_OUTPUT'),
    )
    .option('--minimal', 'only the types that this version of ipvscope reads: about 3 KiB')
    .action(async (options: BtfOptions) => {
      const { runBtf } = await import('./run-btf.js');
      await runBtf(options, command);
    });
}
