import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { ExitCode, IpvscopeError } from '../error.js';

/** Where this looks: replaced in tests. */
export interface KernelFiles {
  exists(path: string): boolean;
  read(path: string): string;
}

const realFiles: KernelFiles = {
  exists: existsSync,
  read: (path) => readFileSync(path, 'utf8'),
};

// include/uapi/linux/capability.h
const CAP_SYS_ADMIN = 21n;
const CAP_PERFMON = 38n;
const CAP_BPF = 39n;

function missing(code: string, message: string, hint: string): IpvscopeError {
  return new IpvscopeError(code, message, { hint, exitCode: ExitCode.prerequisite });
}

function effectiveCapabilities(files: KernelFiles): bigint {
  const match = /^CapEff:\s*([0-9a-f]+)$/m.exec(files.read('/proc/self/status'));
  return BigInt(`0x${match?.[1] ?? '0'}`);
}

/**
 * What is missing for the probe on this kernel, or undefined. Only what the kernel itself shows is
 * asked, never its version; what it does not show, loading the probe finds out.
 */
export function missingPrerequisite(files: KernelFiles = realFiles): IpvscopeError | undefined {
  const has = (bit: bigint): boolean => ((effectiveCapabilities(files) >> bit) & 1n) === 1n;

  // Registered by ip_vs in every network namespace (ip_vs_app.c, ip_vs_conn.c).
  if (!files.exists('/proc/net/ip_vs')) {
    return missing(
      'ERR_NO_IP_VS',
      'the kernel has no ip_vs loaded',
      'load it with: modprobe ip_vs',
    );
  }
  // Types of a module are read by their BTF's id, which the kernel lets CAP_SYS_ADMIN do only
  // (kernel/bpf/syscall.c, bpf_btf_get_fd_by_id); those of ip_vs built in come with the kernel's own.
  const isModule = files.exists('/sys/module/ip_vs/initstate');
  if (!has(CAP_SYS_ADMIN) && (isModule || !(has(CAP_BPF) && has(CAP_PERFMON)))) {
    return missing(
      'ERR_NO_CAPABILITY',
      `this process may not load BPF programs that trace ${isModule ? 'a module (it lacks CAP_SYS_ADMIN)' : 'the kernel (it lacks CAP_BPF and CAP_PERFMON)'}`,
      'run it as root',
    );
  }
  if (!files.exists('/sys/kernel/btf/vmlinux')) {
    return missing(
      'ERR_NO_BTF',
      'the kernel shows no type information (/sys/kernel/btf/vmlinux is missing)',
      'run a kernel built with CONFIG_DEBUG_INFO_BTF=y and mount /sys',
    );
  }
  // A module has its own; types of ip_vs built into the kernel are in vmlinux.
  if (isModule && !files.exists('/sys/kernel/btf/ip_vs')) {
    return missing(
      'ERR_NO_MODULE_BTF',
      `kernel ${release()} shows no type information for the module ip_vs (/sys/kernel/btf/ip_vs is missing)`,
      'run Linux 5.16 or newer built with CONFIG_DEBUG_INFO_BTF_MODULES=y',
    );
  }
  return undefined;
}
