import { type Command, Option } from 'commander';
import { DEFAULT_KERNEL, labKernels } from '../../lab/debian-kernels.js';
import type { HelpText } from '../support/help-text.js';
import { parseDuration } from '../support/parse-values.js';
import type { DemoOptions } from './run-lab-demo.js';

export const help: HelpText = {
  notes: [
    'Step 1: conn_reuse_mode=0: connections that reuse a source port go to the draining server, and time out once it is gone. Step 2: conn_reuse_mode=1 and an ip_vs without the fix of Linux 5.9 (f0a5e4d7a594): they take one second. Step 3: the same with the fix: no delay. The ip_vs of step 2 is built once from the kernel source: about 150 MB of download, and a minute.',
    'The table goes to standard output, all else to standard error. Exit code 1: a step did not show the expected outcome.',
  ],
  examples: [{ command: 'ipvscope lab demo' }, { command: 'ipvscope lab demo --kernel 6.12' }],
};

export function define(command: Command): void {
  command
    .addOption(
      new Option('--kernel <version>', `kernel version (default: ${DEFAULT_KERNEL})`).choices(
        labKernels(),
      ),
    )
    .option('--timeout <duration>', 'time limit of each guest, then it is killed', parseDuration)
    .option('--refresh', 'download of the newest kernel package, even where one is cached')
    .action(async (options: DemoOptions) => {
      const { runLabDemo } = await import('./run-lab-demo.js');
      // Those of `lab` count too, wherever they stand.
      process.exitCode = await runLabDemo(
        { ...command.parent?.opts<DemoOptions>(), ...options },
        command,
      );
    });
}
