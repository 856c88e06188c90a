import { readFileSync } from 'node:fs';
import { ExitCode, IpvscopeError, isErrorCode } from '../error.js';

/** An error that the addon throws: struct Failure (native/addon/failure.h). Its code is final. */
type NativeError = Error & {
  readonly code: string;
  readonly step: string;
  readonly errno?: number;
  readonly log?: string;
  /** What to do about it, where the failure itself says so. */
  readonly hint?: string;
};

function isNative(cause: unknown): cause is NativeError {
  return cause instanceof Error && 'code' in cause && 'step' in cause;
}

// include/uapi/asm-generic/errno-base.h; the last is the kernel's own and has no name in libc.
const EPERM = 1;
const EACCES = 13;
const ENFILE = 23;
const EMFILE = 24;
const ENOTSUPP = 524;

const PARANOID = '/proc/sys/kernel/perf_event_paranoid';

/** Reads the kernel's limit on who may trace: 2 in an unpatched kernel, 3 in Debian's. */
function paranoid(): number {
  try {
    return Number(readFileSync(PARANOID, 'utf8'));
  } catch {
    return 2;
  }
}

/** What to do about a failure, by its code. */
const hints: Readonly<Record<string, string>> = {
  ERR_BTF_FILE: 'build it for this kernel with: ipvscope btf',
  ERR_KERNEL_LOCKDOWN:
    'start it with lockdown=integrity, or without lockdown (/sys/kernel/security/lockdown)',
  ERR_KERNEL_UNSUPPORTED: '--verbose shows what; a BTF file is rebuilt with: ipvscope btf',
};

/** What to do about a failure, by its errno and the step that failed. */
function hintOf({ errno, step }: NativeError, limit: () => number): string | undefined {
  switch (errno) {
    case EPERM:
      return step === 'ring' || step === 'map'
        ? 'grant CAP_SYS_RESOURCE, or ulimit -l unlimited: before Linux 5.11 maps count as locked memory'
        : 'run it as root; a kernel in lockdown, or hardened against tracing, refuses even root';
    case EACCES:
      return step === 'attach' && limit() > 2
        ? `kernel.perf_event_paranoid is ${limit()}, which requires CAP_SYS_ADMIN: sysctl kernel.perf_event_paranoid=2 lets CAP_PERFMON do`
        : undefined;
    case ENFILE:
      return 'raise the limit of the system: sysctl fs.file-max';
    case EMFILE:
      return 'raise the limit: ulimit -n 1024';
    case ENOTSUPP:
      return 'try --attach kprobe';
    default:
      return undefined;
  }
}

/** Whether a limit of the machine explains a failure whose code does not say so. */
const isLimit = ({ code, errno, step }: NativeError): boolean =>
  code !== 'ERR_BTF_FILE' &&
  ((step === 'ring' && errno === EPERM) || errno === EMFILE || errno === ENFILE);

/** Converts an error of the addon into an IpvscopeError; returns anything else as it is. */
export function translate(cause: unknown, limit = paranoid): unknown {
  if (!isNative(cause)) return cause;
  const { code, message, step, errno, log = '' } = cause;
  const hint =
    cause.hint ?? hints[code] ?? (code === 'ERR_BTF_READ' ? undefined : hintOf(cause, limit));
  return new IpvscopeError(isErrorCode(code) ? code : 'ERR_INTERNAL', message, {
    step,
    cause,
    ...(errno === undefined ? {} : { errno }),
    ...(log === '' ? {} : { log }),
    ...(hint === undefined ? {} : { hint }),
    ...(isLimit(cause) ? { exitCode: ExitCode.prerequisite } : {}),
  });
}
