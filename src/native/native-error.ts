import { readFileSync } from 'node:fs';
import { ExitCode, IpvscopeError, isErrorCode } from '../error.js';

/** An error that the addon throws (native/addon/module/session_object.cc). */
type NativeError = Error & {
  readonly code: string;
  readonly step: string;
  readonly errno?: number;
  readonly log?: string;
};

function isNative(cause: unknown): cause is NativeError {
  return cause instanceof Error && 'code' in cause && 'step' in cause;
}

// include/uapi/asm-generic/errno-base.h; the last is the kernel's own and has no name in libc.
const EPERM = 1;
const ENOENT = 2;
const EACCES = 13;
const ENFILE = 23;
const EMFILE = 24;
const ENOTSUPP = 524;

/** Logged by the verifier where lockdown withholds the helper (kernel/trace/bpf_trace.c). */
const LOCKED_DOWN = /(?:unknown func|cannot use helper) bpf_probe_read(?:_kernel)?\b/;

/** Logged by libbpf where the kernel refuses this map, but not those before it. */
const NO_MAP = /map '\w+': failed to create: Operation not permitted/;

const PARANOID = '/proc/sys/kernel/perf_event_paranoid';

/** Reads the kernel's limit on who may trace: 2 in an unpatched kernel, 3 in Debian's. */
function paranoid(): number {
  try {
    return Number(readFileSync(PARANOID, 'utf8'));
  } catch {
    return 2;
  }
}

function hintOf({ errno, step, log = '' }: NativeError, limit: () => number): string | undefined {
  switch (errno) {
    case EPERM:
      // A ring is the first map that is made: the kernel refuses it by its own errno, without a log.
      return step === 'ring' || NO_MAP.test(log)
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

/** Converts an error of the addon into an IpvscopeError; returns anything else as it is. */
export function translate(cause: unknown, limit = paranoid): unknown {
  if (!isNative(cause)) return cause;
  const { code, message, step, errno, log = '' } = cause;
  const known = {
    step,
    cause,
    ...(errno === undefined ? {} : { errno }),
    ...(log === '' ? {} : { log }),
  };
  const prerequisite = { ...known, exitCode: ExitCode.prerequisite };
  if (code === 'ERR_BTF_FILE') {
    const hint = 'build it for this kernel with: ipvscope btf';
    return new IpvscopeError(code, message, { ...known, hint, exitCode: ExitCode.usage });
  }
  if (code === 'ERR_BTF_READ') return new IpvscopeError(code, message, prerequisite);
  if (LOCKED_DOWN.test(log)) {
    return new IpvscopeError(
      'ERR_KERNEL_LOCKDOWN',
      'the kernel is in lockdown, mode confidentiality: no BPF program may read its memory',
      {
        ...prerequisite,
        hint: 'start it with lockdown=integrity, or without lockdown (/sys/kernel/security/lockdown)',
      },
    );
  }
  if (/relo #\d+|failed to resolve CO-RE/.test(log)) {
    return new IpvscopeError(
      'ERR_KERNEL_UNSUPPORTED',
      'BTF lacks a type or member that the probe needs',
      {
        ...prerequisite,
        hint: '--verbose shows which; rebuild a BTF file with: ipvscope btf',
      },
    );
  }
  const absent =
    /failed to find kernel BTF type ID of '(\w+)'/.exec(log)?.[1] ??
    (errno === ENOENT ? /(?:attach to \w+\/|no function )(\w+)/.exec(message)?.[1] : undefined);
  if (absent !== undefined) {
    return new IpvscopeError(
      'ERR_KERNEL_UNSUPPORTED',
      `this kernel has no function ${absent} to attach to`,
      { ...prerequisite, hint: `grep ${absent} /proc/kallsyms shows what it has instead` },
    );
  }
  const hint = hintOf(cause, limit);
  const refused =
    ['ERR_PROBE_LOAD', 'ERR_PROBE_ATTACH'].includes(code) ||
    (step === 'ring' && errno === EPERM) ||
    errno === EMFILE ||
    errno === ENFILE;
  return new IpvscopeError(isErrorCode(code) ? code : 'ERR_INTERNAL', message, {
    ...(refused ? prerequisite : known),
    ...(hint === undefined ? {} : { hint }),
  });
}
