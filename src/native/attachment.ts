import { closeSync, openSync, readSync } from 'node:fs';
import { type ErrorCode, IpvscopeError } from '../error.js';
import { findBtfFile } from './btf-file.js';
import { hasIpvs, isModule } from './ipvs-module.js';
import { type KernelFiles, realFiles } from './kernel-files.js';

/** How the probe's programs are attached: fentry and fexit, or kprobe and kretprobe. */
export const attachVariants = ['fexit', 'kprobe'] as const;
export type AttachVariant = (typeof attachVariants)[number];

/** One way to attach the probe to this kernel. */
export interface Attachment {
  readonly variant: AttachVariant;
  /** A file with BTF of the kernel and ip_vs; absent where the kernel exposes it itself. */
  readonly btf?: string;
  /** Why fexit, whose overhead is lower, is not tried; absent where it is tried or impossible. */
  readonly withoutFexit?: string;
}

/** How to attach; what is absent is chosen by what the kernel offers. */
export interface AttachRequest {
  readonly variant?: AttachVariant;
  /** A BTF file, see `Attachment`. Only kprobes can use BTF that is not the kernel's own. */
  readonly btf?: string;
}

// include/uapi/linux/capability.h
const CAP_SYS_ADMIN = 21n;
const CAP_PERFMON = 38n;
const CAP_BPF = 39n;

/**
 * Lists the ways to attach the probe to this kernel, to be tried in this order. Decides by what the
 * kernel exposes, never by its version, because distribution kernels carry backports; the rest shows
 * when the probe is loaded.
 *
 * @throws IpvscopeError `ERR_NO_IP_VS`, `ERR_NO_BTF`, `ERR_NO_MODULE_BTF` or `ERR_NO_CAPABILITY`
 * where something is missing, `ERR_BTF_FILE` for a file that does not exist.
 */
export function planAttachments(
  request: AttachRequest = {},
  files: KernelFiles = realFiles,
  find: (files: KernelFiles) => string | undefined = findBtfFile,
): readonly Attachment[] {
  requireModule(files);
  const unexposed = unexposedBtf(files);
  const btf = givenBtf(request, files) ?? (unexposed === undefined ? undefined : find(files));
  if (unexposed !== undefined && (btf === undefined || request.variant === 'fexit'))
    throw unexposed;
  const mayUse = requireCapabilities(files, request);

  const kprobe = { variant: 'kprobe', ...(btf === undefined ? {} : { btf }) } as const;
  if (btf !== undefined || request.variant === 'kprobe') return [kprobe];
  if (!mayUse.fexit) return [{ ...kprobe, withoutFexit: FEXIT_TAKES }];
  const fexit = { variant: 'fexit' } as const;
  return request.variant === 'fexit' ? [fexit] : [fexit, kprobe];
}

/**
 * Checks what can be checked without ip_vs, so that a command that waits for it fails at once.
 *
 * @throws IpvscopeError `ERR_BTF_FILE` for a file that cannot be read or holds no BTF.
 */
export function checkRequest(
  request: AttachRequest = {},
  files: KernelFiles = realFiles,
  readStart: (path: string) => Uint8Array = startOf,
): void {
  const btf = givenBtf(request, files);
  if (btf === undefined) return;
  let start: Uint8Array;
  try {
    start = readStart(btf);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw wrongBtf(`cannot read BTF from ${btf}: ${reason}`, 'name a file with --btf');
  }
  const magic = Buffer.from(start.subarray(0, 4)).toString('hex');
  if (!BTF_MAGICS.some((known) => magic.startsWith(known))) {
    throw wrongBtf(
      `cannot read BTF from ${btf}: it is neither BTF nor an object file`,
      'build it for this kernel with: ipvscope btf',
    );
  }
}

/** BTF in this machine's byte order (include/uapi/linux/btf.h), and ELF, which may have it in a section. */
const BTF_MAGICS = ['9feb', '7f454c46'];

function startOf(path: string): Uint8Array {
  const bytes = Buffer.alloc(4);
  const file = openSync(path, 'r');
  try {
    readSync(file, bytes, 0, bytes.length, 0);
  } finally {
    closeSync(file);
  }
  return bytes;
}

const wrongBtf = (message: string, hint: string): IpvscopeError =>
  new IpvscopeError('ERR_BTF_FILE', message, { hint });

function missing(code: ErrorCode, message: string, hint: string): IpvscopeError {
  return new IpvscopeError(code, message, { hint });
}

function requireModule(files: KernelFiles): void {
  if (hasIpvs(files)) return;
  throw missing('ERR_NO_IP_VS', 'the kernel has no ip_vs loaded', 'load it with: modprobe ip_vs');
}

function givenBtf({ variant, btf }: AttachRequest, files: KernelFiles): string | undefined {
  if (btf === undefined) return undefined;
  if (!files.exists(btf)) {
    throw wrongBtf(`BTF file not found: ${btf}`, 'see ipvscope btf --help for how to build one');
  }
  if (variant === 'fexit') {
    throw wrongBtf('fexit takes only BTF that the kernel exposes', 'leave out --btf, or --attach');
  }
  return btf;
}

/** Returns what keeps the kernel's own BTF from being used; undefined where it exposes all of it. */
function unexposedBtf(files: KernelFiles): IpvscopeError | undefined {
  const hint = `build a BTF file: apt-get install linux-headers-${files.release}, then ipvscope btf`;
  if (!files.exists('/sys/kernel/btf/vmlinux')) {
    return missing(
      'ERR_NO_BTF',
      'the kernel exposes no BTF (/sys/kernel/btf/vmlinux is missing)',
      hint,
    );
  }
  // A module has BTF of its own; that of ip_vs built into the kernel is in vmlinux.
  if (isModule(files) && !files.exists('/sys/kernel/btf/ip_vs')) {
    return missing(
      'ERR_NO_MODULE_BTF',
      `kernel ${files.release} exposes no BTF of the module ip_vs (/sys/kernel/btf/ip_vs is missing)`,
      hint,
    );
  }
  return undefined;
}

const FEXIT_TAKES = 'fexit on the module ip_vs requires CAP_SYS_ADMIN';

/**
 * Checks that this process has what each variant requires (docs/capabilities.md). fexit names a
 * function of a module by the id of the module's BTF, which requires CAP_SYS_ADMIN
 * (kernel/bpf/syscall.c, bpf_btf_get_fd_by_id). A kernel may require more: then attaching fails.
 */
function requireCapabilities(
  files: KernelFiles,
  { variant }: AttachRequest,
): { readonly fexit: boolean } {
  const match = /^CapEff:\s*([0-9a-f]+)$/m.exec(files.read('/proc/self/status'));
  const effective = BigInt(`0x${match?.[1] ?? '0'}`);
  const has = (bit: bigint): boolean => ((effective >> bit) & 1n) === 1n;
  const admin = has(CAP_SYS_ADMIN);
  if (!admin && !(has(CAP_BPF) && has(CAP_PERFMON))) {
    throw missing(
      'ERR_NO_CAPABILITY',
      'this process may not load BPF programs that trace the kernel (it lacks CAP_BPF and CAP_PERFMON)',
      'run it as root, or grant both',
    );
  }
  const fexit = admin || !isModule(files);
  if (variant === 'fexit' && !fexit) {
    throw missing('ERR_NO_CAPABILITY', FEXIT_TAKES, 'run it as root, or with --attach kprobe');
  }
  return { fexit };
}
