import { Command } from 'commander';
import { DEFAULT_KERNEL, labKernels, startLab } from '../lab/index.js';
import { note } from './observer.js';
import { parseInteger, parseSeconds } from './options.js';

interface LabCommandOptions {
  readonly kernel: string;
  readonly publish?: number;
  readonly timeout?: number;
  readonly refresh?: true;
  readonly unfixed?: true;
  readonly exec?: true;
}

/** Runs one of our commands (or, with `exec`, any program) in the lab; returns its exit code. */
export async function runInLab(options: {
  readonly command: readonly string[];
  readonly kernel: string | undefined;
  readonly publish?: readonly number[];
  readonly timeoutMs?: number;
  readonly refresh?: boolean;
  readonly unfixed?: boolean;
  readonly exec?: boolean;
}): Promise<number> {
  const ours = [process.execPath, process.argv[1] ?? 'ipvscope'];
  const run = await startLab({
    command: options.exec === true ? options.command : [...ours, ...options.command],
    publish: (options.publish ?? []).map((port) => ({ hostPort: port, guestPort: port })),
    stdout: process.stdout,
    stderr: process.stderr,
    onProgress: (line) => note(`lab: ${line}`),
    ...(options.kernel === undefined ? {} : { kernel: options.kernel }),
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    ...(options.refresh === undefined ? {} : { refresh: options.refresh }),
    ...(options.unfixed === undefined ? {} : { unfixed: options.unfixed }),
  });
  const onInterrupt = (): void => run.interrupt('SIGINT');
  const onTerminate = (): void => run.interrupt('SIGTERM');
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onTerminate);
  try {
    const { exitCode } = await run.done;
    return exitCode;
  } finally {
    process.off('SIGINT', onInterrupt);
    process.off('SIGTERM', onTerminate);
  }
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
  .option('--exec', 'the command is any program, not one of ipvscope')
  .passThroughOptions()
  .addHelpText(
    'after',
    `
The guest sees this machine's files; what it writes is gone with it.

Examples:
  ipvscope lab reproduce one-second
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
      unfixed: options.unfixed === true,
      exec: options.exec === true,
    });
  });
