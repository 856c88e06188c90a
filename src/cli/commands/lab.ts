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
  .description('run any of these commands inside a real kernel with ip_vs, booted in QEMU')
  .argument('<command...>', 'an ipvscope command and its arguments')
  .option('--kernel <version>', `one of ${labKernels().join(', ')}`, DEFAULT_KERNEL)
  .option(
    '--publish <port>',
    "the guest's port that answers on this machine's loopback",
    parseInteger(1, 65535),
  )
  .option('--timeout <seconds>', 'kill the guest after so long', parseSeconds)
  .option('--refresh', 'ask for a newer kernel package even where one is cached')
  .option(
    '--unfixed',
    "use an ip_vs without the fix of Linux 5.9, built from this kernel's own source once",
  )
  .option(
    '--count-instructions',
    'one processor, whose clock advances one nanosecond an instruction (slower)',
  )
  .option('--append <arguments>', "kernel arguments, such as 'lockdown=confidentiality'")
  .option('--exec', 'the command is any program, not one of ipvscope')
  .passThroughOptions()
  .addHelpText(
    'after',
    `
The guest sees this machine's files; what it writes is gone with it.

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
