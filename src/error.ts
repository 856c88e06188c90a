import { getSystemErrorMap } from 'node:util';

/** What a command's exit code says. */
export const ExitCode = {
  ok: 0,
  /** It ran and found trouble. */
  trouble: 1,
  usage: 2,
  /** A kernel feature, capability, module or program is missing. */
  prerequisite: 3,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

interface ErrorMeaning {
  /** The exit code of a command that ends with it. */
  readonly exitCode: ExitCode;
  /** When it occurs, as a noun or a sentence without its final full stop. */
  readonly meaning: string;
}

const { trouble, usage, prerequisite } = ExitCode;

const means = (exitCode: ExitCode, meaning: string): ErrorMeaning => ({ exitCode, meaning });

/**
 * Every error code, what it means and which exit code it gives. Codes are stable;
 * docs/troubleshooting.md says of each what to do.
 */
export const errorCodes = {
  // The command line and the process.
  ERR_USAGE: means(usage, 'a command, option or argument is unknown or malformed'),
  ERR_ARGUMENT: means(usage, 'a caller of the library passed an invalid value'),
  ERR_OUTPUT: means(trouble, 'standard output or a file could not be written'),
  ERR_READY_FILE: means(usage, 'the ready file could not be written, or is no regular file'),
  ERR_LISTEN: means(usage, 'the listen address for metrics is unavailable'),
  ERR_DESCRIPTORS: means(prerequisite, 'too many files are open'),
  ERR_SYSTEM: means(trouble, 'the operating system refused a call'),
  ERR_INTERNAL: means(trouble, 'a defect of ipvscope; the stack follows'),
  ERR_PROGRAM_MISSING: means(prerequisite, 'a required program is not installed'),
  ERR_PROGRAM_FAILED: means(trouble, 'a program that ipvscope ran failed'),
  // The addon.
  ERR_ADDON_LOAD: means(prerequisite, 'the native addon could not be loaded'),
  ERR_LAYOUT: means(prerequisite, 'the addon and the decoder are of different builds'),
  // The kernel and its BTF.
  ERR_NO_IP_VS: means(prerequisite, 'the module ip_vs is not loaded'),
  ERR_NO_CAPABILITY: means(prerequisite, 'a capability for BPF programs is missing'),
  ERR_KERNEL_LOCKDOWN: means(prerequisite, 'the kernel is in lockdown, mode confidentiality'),
  ERR_KERNEL_UNSUPPORTED: means(
    prerequisite,
    'the kernel lacks a function or field the probe needs',
  ),
  ERR_NO_BTF: means(prerequisite, 'the kernel was built without BTF, and no BTF file was found'),
  ERR_NO_MODULE_BTF: means(
    prerequisite,
    'the kernel was built without module BTF, and no BTF file was found',
  ),
  ERR_BTF_READ: means(prerequisite, "the kernel's own BTF could not be read"),
  ERR_BTF_FILE: means(usage, 'a BTF file is unreadable, lacks ip_vs, or is of another kernel'),
  ERR_NO_HEADERS: means(prerequisite, 'no kernel headers were found to generate BTF from'),
  // The probe.
  ERR_PROBE_OPEN: means(trouble, 'the BPF object could not be prepared'),
  ERR_PROBE_LOAD: means(prerequisite, 'the kernel rejected the BPF program'),
  ERR_PROBE_ATTACH: means(prerequisite, 'a BPF program could not be attached'),
  ERR_PROBE_RING: means(trouble, 'a ring buffer could not be made, mapped or watched'),
  ERR_PROBE_READ: means(trouble, 'BPF maps or program statistics could not be read'),
  ERR_PROBE_GENERATE: means(trouble, 'the record generator could not run'),
  ERR_PROBE_STARTED: means(trouble, 'the session was started twice'),
  ERR_PROBE_CLOSED: means(trouble, 'the session was used after it was closed'),
  ERR_HEARTBEAT: means(trouble, 'the heartbeat of the probe could not be set up'),
  // Scenarios.
  ERR_SCENARIO_UNKNOWN: means(usage, 'no scenario or case has this name'),
  ERR_SCENARIO_ROOT: means(prerequisite, 'network namespaces need root'),
  ERR_SCENARIO_KERNEL: means(prerequisite, 'the kernel lacks a module that the testbed needs'),
  ERR_SCENARIO_PEER: means(trouble, 'a client or server process of the testbed failed'),
  ERR_SCENARIO_WITNESS: means(trouble, 'a packet capture ended early'),
  ERR_SCENARIO_CLEAN_UP: means(trouble, 'a network namespace of the testbed could not be removed'),
  // The lab.
  ERR_LAB_OPTIONS: means(usage, 'the lab was started with an invalid option'),
  ERR_LAB_KERNEL_UNKNOWN: means(usage, 'the lab has no kernel of this version'),
  ERR_LAB_CACHE: means(prerequisite, 'the cache directory of the lab is not writable'),
  ERR_LAB_MACHINE: means(prerequisite, 'the lab does not run on this processor architecture'),
  ERR_LAB_NO_MIRROR: means(prerequisite, 'apt has no Debian mirror configured'),
  ERR_LAB_KEYRING_MISSING: means(prerequisite, "Debian's archive keyring is not installed"),
  ERR_LAB_KERNEL_UNREACHABLE: means(prerequisite, 'a kernel package could not be downloaded'),
  ERR_LAB_PACKAGES_UNREACHABLE: means(
    prerequisite,
    'headers or source of the cached kernel could not be downloaded',
  ),
  ERR_LAB_KERNEL_LAYOUT: means(trouble, 'a kernel package has an unexpected layout'),
  ERR_LAB_MODULE_MISSING: means(trouble, 'the kernel lacks a module that the guest needs'),
  ERR_LAB_BUSYBOX_DYNAMIC: means(prerequisite, 'busybox is linked dynamically'),
  ERR_LAB_UNFIXED: means(trouble, 'ip_vs without commit f0a5e4d7a594 could not be built'),
  ERR_LAB_PORT_IN_USE: means(trouble, 'a published port is in use on this machine'),
  ERR_LAB_BOOT: means(trouble, 'the guest did not boot'),
  ERR_LAB_PANIC: means(trouble, "the guest's kernel panicked"),
  ERR_LAB_ENDED: means(trouble, 'QEMU exited before the command had finished'),
  ERR_LAB_PROTOCOL: means(trouble, 'the guest sent an unexpected message'),
  ERR_LAB_OUTPUT: means(trouble, "the command's output could not be written"),
  ERR_LAB_TIMEOUT: means(trouble, 'the time limit of the lab was reached'),
  ERR_LAB_ABORTED: means(trouble, 'the caller aborted the lab'),
  ERR_LAB_INTERRUPTED: means(trouble, 'a signal ended the lab'),
  ERR_LAB_FAILED: means(trouble, 'the lab failed in an unexpected way'),
  ERR_LAB_ACTS: means(trouble, 'a guest exited before its part of the demo had finished'),
} as const satisfies Readonly<Record<string, ErrorMeaning>>;

export type ErrorCode = keyof typeof errorCodes;

export const isErrorCode = (code: unknown): code is ErrorCode =>
  typeof code === 'string' && Object.hasOwn(errorCodes, code);

export interface ErrorDetails {
  /** What the user can do about it: imperative, without a final full stop. */
  readonly hint?: string;
  /** The step that failed: `open`, `load`, `attach`, ... */
  readonly step?: string;
  /** The positive errno value, where the kernel gave one. */
  readonly errno?: number;
  /** The last lines that libbpf, the verifier or another program printed. */
  readonly log?: string;
  /** Default: that of the code. */
  readonly exitCode?: ExitCode;
  readonly cause?: unknown;
}

/** The only error class that reaches a user. `message` is one line without a final full stop. */
export class IpvscopeError extends Error {
  override readonly name = 'IpvscopeError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly step: string | undefined;
  readonly errno: number | undefined;
  readonly log: string | undefined;
  readonly exitCode: ExitCode;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
    this.step = details.step;
    this.errno = details.errno;
    this.log = details.log;
    this.exitCode = details.exitCode ?? errorCodes[code].exitCode;
  }

  /**
   * Converts whatever was thrown: an IpvscopeError is returned as it is, an error with one of our
   * codes (the addon's) keeps it, a refused system call becomes ERR_SYSTEM, anything else is a
   * defect: ERR_INTERNAL, with the original stack.
   */
  static from(cause: unknown): IpvscopeError {
    if (cause instanceof IpvscopeError) return cause;
    if (!(cause instanceof Error)) return new IpvscopeError('ERR_INTERNAL', String(cause));
    const { code, step, errno, log, syscall, message } = cause as Error & {
      readonly code?: unknown;
      readonly step?: string;
      readonly errno?: number;
      readonly log?: string;
      readonly syscall?: string;
    };
    if (isErrorCode(code)) {
      return new IpvscopeError(code, message, {
        cause,
        ...(step === undefined ? {} : { step }),
        ...(errno === undefined ? {} : { errno }),
        ...(log === undefined || log === '' ? {} : { log }),
      });
    }
    if (code === 'EMFILE' || code === 'ENFILE') {
      const hint = code === 'EMFILE' ? 'ulimit -n 1024' : 'sysctl fs.file-max';
      return new IpvscopeError('ERR_DESCRIPTORS', 'too many open files', {
        hint: `raise the limit: ${hint}`,
        cause,
      });
    }
    const error = new IpvscopeError(
      syscall === undefined ? 'ERR_INTERNAL' : 'ERR_SYSTEM',
      message,
      {
        cause,
        // Node's are negative.
        ...(errno === undefined ? {} : { errno: Math.abs(errno) }),
      },
    );
    if (cause.stack !== undefined) error.stack = cause.stack;
    return error;
  }

  /** One line: `ERR_CODE: operation failed: reason (hint: what to do)`. */
  toLine(): string {
    const hint = this.hint === undefined ? '' : ` (hint: ${this.hint})`;
    return `${this.code}: ${this.message}${hint}`;
  }
}

/** `no space left on device`, without the system call. */
export function describeErrno(error: NodeJS.ErrnoException): string {
  const text = error.errno === undefined ? undefined : getSystemErrorMap().get(error.errno)?.[1];
  return text ?? error.message;
}
