import { findPrograms } from '../../exec/find.js';
import { LAB_PROGRAMS, startLab } from '../../lab/index.js';
import type { Logger } from '../../log.js';
import { standardError, standardOutput } from './standard-streams.js';

/** Runs an ipvscope command (or, with `exec`, any program) in the lab; returns its exit code. */
export async function runInLab(options: {
  readonly log: Logger;
  /** Of the command in the guest. */
  readonly env?: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  readonly kernel: string | undefined;
  readonly publish?: readonly number[];
  readonly timeoutMs?: number;
  readonly refresh?: boolean;
  readonly revertFix?: boolean;
  readonly countInstructions?: boolean;
  readonly kernelArguments?: string;
  readonly exec?: boolean;
  /** The command's output (default: this process's standard output). */
  readonly stdout?: NodeJS.WritableStream;
}): Promise<number> {
  const ipvscope = [process.execPath, process.argv[1] ?? 'ipvscope', ...options.command];
  const run = await startLab({
    command: options.exec === true ? options.command : withModule(ipvscope, options.command),
    publish: (options.publish ?? []).map((port) => ({ hostPort: port, guestPort: port })),
    stdout: options.stdout ?? standardOutput().stream,
    stderr: standardError().stream,
    onProgress: (line) => options.log.info(`lab: ${line}`),
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.kernel === undefined ? {} : { kernel: options.kernel }),
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    ...(options.refresh === undefined ? {} : { refresh: options.refresh }),
    ...(options.revertFix === undefined ? {} : { revertFix: options.revertFix }),
    ...(options.countInstructions === undefined
      ? {}
      : { countInstructions: options.countInstructions }),
    ...(options.kernelArguments === undefined ? {} : { kernelArguments: options.kernelArguments }),
  });
  const onInterrupt = (): void => run.interrupt('SIGINT');
  const onTerminate = (): void => run.interrupt('SIGTERM');
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onTerminate);
  process.on('SIGHUP', onTerminate);
  try {
    const { exitCode } = await run.done;
    return exitCode;
  } finally {
    process.off('SIGINT', onInterrupt);
    process.off('SIGTERM', onTerminate);
    process.off('SIGHUP', onTerminate);
  }
}

/** Commands that trace ip_vs without loading it. */
const NEED_MODULE = ['trace', 'serve'];

/** Loads ip_vs before the command, as nothing has loaded it in a guest that has just booted. */
function withModule(program: readonly string[], command: readonly string[]): readonly string[] {
  const name = command.find((word) => !word.startsWith('-'));
  if (name === undefined || !NEED_MODULE.includes(name)) return program;
  // All of them, so that one error names all that are missing.
  const { modprobe } = findPrograms(LAB_PROGRAMS);
  return ['/bin/sh', '-c', '"$0" ip_vs && exec "$@"', modprobe, ...program];
}
