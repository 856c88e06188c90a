import { Command } from 'commander';
import { DEFAULT_KERNEL, labKernels } from '../../lab/index.js';
import { parseInteger, parseSeconds } from '../support/command-options.js';
import { runInLab } from '../support/run-in-lab.js';
import { demoCommand } from './lab-demo.js';

interface LabCommandOptions {
  readonly kernel: string;
  readonly publish?: number;
  readonly timeout?: number;
  readonly refresh?: true;
  readonly unfixed?: true;
  readonly countInstructions?: true;
  readonly append?: string;
  readonly exec?: true;
}

export const labCommand = new Command('lab')
  .description('run an ipvscope command inside a real kernel with IPVS, booted in QEMU')
  .argument('<command...>', 'ipvscope command and its arguments')
  .option('--kernel <version>', `Debian kernel: ${labKernels().join(', ')}`, DEFAULT_KERNEL)
  .option(
    '--publish <port>',
    "guest port to forward from this machine's loopback address",
    parseInteger(1, 65535),
  )
  .option('--timeout <seconds>', 'time limit; the guest is killed when it expires', parseSeconds)
  .option('--refresh', 'download a newer kernel package even if one is cached')
  .option(
    '--unfixed',
    "ip_vs with the fix of Linux 5.9 reverted, built once from this kernel's source",
  )
  .option(
    '--count-instructions',
    'one CPU with a clock of 1 ns per instruction (QEMU icount): deterministic, slower',
  )
  .option('--append <arguments>', "kernel command line to append: 'lockdown=confidentiality'")
  .option('--exec', 'run any program in place of an ipvscope command')
  .passThroughOptions()
  .addHelpText(
    'after',
    `
The guest has this machine's files; writes go to a temporary overlay.

Examples:
  ipvscope lab reproduce one-second
  ipvscope lab demo
  ipvscope lab --publish 10962 reproduce rollout --loop --web.listen-address 0.0.0.0:10962
  ipvscope lab --unfixed trace --timeout 60
  ipvscope lab --exec -- sh -c 'modprobe ip_vs && uname -r'`,
  )
  .action(async (command: string[], options: LabCommandOptions) => {
    process.exitCode = await runInLab({
      command,
      kernel: options.kernel,
      publish: options.publish === undefined ? [] : [options.publish],
      ...(options.timeout === undefined ? {} : { timeoutMs: options.timeout * 1000 }),
      refresh: options.refresh === true,
      revertFix: options.unfixed === true,
      countInstructions: options.countInstructions === true,
      ...(options.append === undefined ? {} : { kernelArguments: options.append }),
      exec: options.exec === true,
    });
  });

labCommand.addCommand(demoCommand('demo'));
labCommand.addCommand(demoCommand('acts'), { hidden: true });
