import type { Command } from 'commander';
import { DEFAULT_KERNEL, labKernels } from '../../lab/debian-kernels.js';
import type { CommandEntry } from '../support/command-module.js';
import { logEnvironment, logOf } from '../support/global-options.js';
import type { HelpText } from '../support/help-text.js';
import { parseDuration, parseInteger } from '../support/parse-values.js';

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

export const help: HelpText = {
  notes: [`The guest sees the files of this machine; its writes go to a temporary overlay.`],
  examples: [
    { command: 'ipvscope lab reproduce one-second' },
    { command: 'ipvscope lab demo', purpose: 'the incident, with and without the fix' },
    {
      command:
        'ipvscope lab --publish 10962 reproduce rollout --loop --web.listen-address 0.0.0.0:10962',
    },
    { command: 'ipvscope lab --unfixed trace --timeout 60' },
    { command: "ipvscope lab --exec -- sh -c 'modprobe ip_vs && uname -r'" },
  ],
};

const demo = {
  name: 'demo',
  summary: 'play the incident in three steps and compare what was observed of each',
  load: () => import('./lab-demo.js'),
};

/** `acts` is the former name of `demo`. */
export const children: readonly CommandEntry[] = [demo, { ...demo, name: 'acts', hidden: true }];

export function define(command: Command): void {
  command
    .argument('<command...>', 'ipvscope command with its arguments')
    .option('--kernel <version>', `kernel version: ${labKernels().join(', ')}`, DEFAULT_KERNEL)
    .option(
      '--publish <port>',
      'port of the guest, forwarded from the loopback address of this machine',
      parseInteger(1, 65535),
    )
    .option('--timeout <duration>', 'time limit, then the guest is killed', parseDuration)
    .option('--refresh', 'download of the newest kernel package, even where one is cached')
    .option('--unfixed', 'ip_vs without commit f0a5e4d7a594, built once from the kernel source')
    .option(
      '--count-instructions',
      'repeatable times: one CPU with QEMU icount, 1 ns an instruction (slower)',
    )
    .option('--append <arguments>', "kernel arguments, such as 'lockdown=confidentiality'")
    .option('--exec', 'any program instead of an ipvscope command')
    .passThroughOptions()
    .action(async (words: string[], options: LabCommandOptions) => {
      const { runInLab } = await import('../support/run-in-lab.js');
      process.exitCode = await runInLab({
        log: logOf(command),
        env: logEnvironment(command),
        command: words,
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
}
