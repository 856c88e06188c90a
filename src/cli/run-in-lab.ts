import { startLab } from '../lab/index.js';
import { note } from './observer.js';

/** Runs one of our commands (or, with `exec`, any program) in the lab; returns its exit code. */
export async function runInLab(options: {
  readonly command: readonly string[];
  readonly kernel: string | undefined;
  readonly publish?: readonly number[];
  readonly timeoutMs?: number;
  readonly refresh?: boolean;
  readonly unfixed?: boolean;
  readonly countInstructions?: boolean;
  readonly kernelArguments?: string;
  readonly exec?: boolean;
  /** Where the command's output goes; this process's own unless told. */
  readonly stdout?: NodeJS.WritableStream;
}): Promise<number> {
  const ours = [process.execPath, process.argv[1] ?? 'ipvscope'];
  const run = await startLab({
    command: options.exec === true ? options.command : [...ours, ...options.command],
    publish: (options.publish ?? []).map((port) => ({ hostPort: port, guestPort: port })),
    stdout: options.stdout ?? process.stdout,
    stderr: process.stderr,
    onProgress: (line) => note(`lab: ${line}`),
    ...(options.kernel === undefined ? {} : { kernel: options.kernel }),
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    ...(options.refresh === undefined ? {} : { refresh: options.refresh }),
    ...(options.unfixed === undefined ? {} : { unfixed: options.unfixed }),
    ...(options.countInstructions === undefined
      ? {}
      : { countInstructions: options.countInstructions }),
    ...(options.kernelArguments === undefined ? {} : { kernelArguments: options.kernelArguments }),
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
