import { IpvscopeError } from '../error.js';
import { DEFAULT_KERNEL, debianKernel } from './debian-kernels.js';

/** A port of the guest, forwarded from the host's loopback address. */
export interface PublishedPort {
  readonly hostPort: number;
  readonly guestPort: number;
}

export interface LabOptions {
  /** One of `labKernels()` (default: 6.1). */
  readonly kernel?: string;
  /** The command's argv; it runs as root, without a shell. */
  readonly command: readonly string[];
  /** The command's working directory; the guest has the host's files under the same paths. */
  readonly cwd?: string;
  /** Added to the variables that the command always has; see `guestCommand`. */
  readonly env?: Readonly<Record<string, string>>;
  readonly publish?: readonly PublishedPort[];
  readonly cpus?: number;
  readonly memoryMiB?: number;
  /** For the whole run, downloads included. On expiry the guest is killed. */
  readonly timeoutMs?: number;
  /** Queries the mirror for a newer kernel package even if one is cached. */
  readonly refresh?: boolean;
  /** Boots with an ip_vs in which the fix of Linux 5.9 is reverted; see `obtainRevertedKernel`. */
  readonly revertFix?: boolean;
  /**
   * QEMU's icount: one processor, whose clock advances one nanosecond per instruction, so that
   * timings are deterministic while the processor is busy. Three times slower.
   */
  readonly countInstructions?: boolean;
  /** Appended to the kernel's command line: `lockdown=confidentiality`. */
  readonly kernelArguments?: string;
  /** The lab writes to both streams and never ends them. */
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly onProgress?: (line: string) => void;
  /** Kills the guest. */
  readonly signal?: AbortSignal;
}

/** `instructions`: TCG with one processor, whose clock advances one nanosecond per instruction. */
export type Accelerator = 'kvm' | 'tcg' | 'instructions';

export type LabSignal = 'SIGINT' | 'SIGTERM';

export interface LabResult {
  /** The command's exit code; 128 + n when signal n ended it, as in a shell. */
  readonly exitCode: number;
  readonly accelerator: Accelerator;
  /** The guest's `uname -r`. */
  readonly kernelRelease: string;
  /** From power-on until the guest was ready for the command. */
  readonly bootMs: number;
}

/** The options with every default filled in. */
export type LabPlan = Required<Omit<LabOptions, 'timeoutMs' | 'signal'>> &
  Pick<LabOptions, 'timeoutMs' | 'signal'>;

/**
 * Fills in the defaults.
 *
 * @throws IpvscopeError `ERR_LAB_OPTIONS` naming the invalid option,
 * `ERR_LAB_KERNEL_UNKNOWN` for a kernel that is not in the table.
 */
export function planLab(options: LabOptions): LabPlan {
  const plan: LabPlan = {
    kernel: DEFAULT_KERNEL,
    cwd: process.cwd(),
    env: {},
    publish: [],
    cpus: options.countInstructions === true ? 1 : 2,
    memoryMiB: 2048,
    refresh: false,
    revertFix: false,
    countInstructions: false,
    kernelArguments: '',
    onProgress: () => {},
    ...options,
  };
  debianKernel(plan.kernel);
  checkCommand(plan.command);
  checkEnvironment(plan.env);
  if (!plan.cwd.startsWith('/') || plan.cwd.includes('\0')) {
    throw badOption(`working directory '${plan.cwd}' is not an absolute path`);
  }
  checkInteger('cpus', plan.cpus, 1, 64);
  if (plan.countInstructions && plan.cpus !== 1) {
    throw badOption(`counting instructions needs exactly one CPU, not ${plan.cpus}`);
  }
  checkInteger('memoryMiB', plan.memoryMiB, 256, 65_536);
  if (plan.timeoutMs !== undefined) {
    checkInteger('timeoutMs', plan.timeoutMs, 1, 2 ** 31 - 1);
  }
  for (const { hostPort, guestPort } of plan.publish) {
    checkInteger('hostPort', hostPort, 1, 65_535);
    checkInteger('guestPort', guestPort, 1, 65_535);
  }
  return plan;
}

function checkCommand(command: readonly string[]): void {
  const [program] = command;
  if (program === undefined || program === '') {
    throw badOption('empty command');
  }
  if (program.includes('=')) {
    throw badOption(`program name '${program}' contains an equals sign`);
  }
  if (command.some((argument) => argument.includes('\0'))) {
    throw badOption('an argument of the command contains a NUL byte');
  }
}

function checkEnvironment(env: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(env)) {
    if (name === '' || /[=\0]/.test(name) || value.includes('\0')) {
      throw badOption(`invalid environment variable '${name}'`);
    }
  }
}

function checkInteger(name: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw badOption(`${name} is ${value}, not a whole number from ${low} to ${high}`);
  }
}

function badOption(message: string): IpvscopeError {
  return new IpvscopeError('ERR_LAB_OPTIONS', message, {
    step: 'options',
  });
}
