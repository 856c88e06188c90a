import { ExitCode, IpvscopeError } from '../error.js';
import { DEFAULT_KERNEL, debianKernel } from './debian-kernels.js';

/** A port of the guest that answers on the host's loopback. */
export interface PublishedPort {
  readonly hostPort: number;
  readonly guestPort: number;
}

export interface LabOptions {
  /** One of `labKernels()`; 6.1 unless told. */
  readonly kernel?: string;
  /** The argv that root runs in the guest; no shell splits it. */
  readonly command: readonly string[];
  /** The command's directory; the guest sees the host's files under the same paths. */
  readonly cwd?: string;
  /** Added to the few variables that the command always gets; see `guestCommand`. */
  readonly env?: Readonly<Record<string, string>>;
  readonly publish?: readonly PublishedPort[];
  readonly cpus?: number;
  readonly memoryMiB?: number;
  /** For the whole run, a fetch included. On expiry the guest is killed. */
  readonly timeoutMs?: number;
  /** Asks the mirror for a newer kernel package even if one is cached. */
  readonly refresh?: boolean;
  /** Boots it with an ip_vs that lacks the fix of Linux 5.9; see `obtainRevertedKernel`. */
  readonly revertFix?: boolean;
  /**
   * One processor, and a clock that counts its instructions: what takes a nanosecond in the guest is
   * one instruction, repeatable while the processor is busy. Three times slower.
   */
  readonly countInstructions?: boolean;
  /** Added to the kernel's command line, such as `lockdown=confidentiality`. */
  readonly kernelArguments?: string;
  /** Never ended by the lab: they stay the caller's. */
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly onProgress?: (line: string) => void;
  /** A hard stop: the guest is killed. */
  readonly signal?: AbortSignal;
}

/** `instructions`: TCG with one processor, whose clock advances a nanosecond an instruction. */
export type Accelerator = 'kvm' | 'tcg' | 'instructions';

export type LabSignal = 'SIGINT' | 'SIGTERM';

export interface LabResult {
  /** The command's exit code; 128 + n when signal n ended it, as a shell says it. */
  readonly exitCode: number;
  readonly accelerator: Accelerator;
  /** What `uname -r` says in the guest. */
  readonly kernelRelease: string;
  /** From power-on until the guest was ready to run the command. */
  readonly bootMs: number;
}

/** The options with every default filled in. */
export type LabPlan = Required<Omit<LabOptions, 'timeoutMs' | 'signal'>> &
  Pick<LabOptions, 'timeoutMs' | 'signal'>;

/**
 * Fills in the defaults.
 *
 * @throws IpvscopeError `ERR_LAB_OPTIONS` naming the option that cannot work,
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
    throw badOption(`the directory '${plan.cwd}' is not an absolute path`);
  }
  checkInteger('cpus', plan.cpus, 1, 64);
  if (plan.countInstructions && plan.cpus !== 1) {
    throw badOption(`the clock counts the instructions of one processor, not of ${plan.cpus}`);
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
    throw badOption('the command to run in the lab is empty');
  }
  if (program.includes('=')) {
    throw badOption(`the program's name '${program}' has an equals sign`);
  }
  if (command.some((argument) => argument.includes('\0'))) {
    throw badOption('an argument of the command has a NUL byte');
  }
}

function checkEnvironment(env: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(env)) {
    if (name === '' || /[=\0]/.test(name) || value.includes('\0')) {
      throw badOption(`the environment variable '${name}' cannot be passed on`);
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
    exitCode: ExitCode.usage,
  });
}
