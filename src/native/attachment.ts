import { closeSync, openSync, readSync } from 'node:fs';
import { type ErrorCode, ExitCode, IpvscopeError } from '../error.js';
import { findBtfFile } from './btf-file.js';
import { hasIpvs, isModule } from './ipvs-module.js';
import { type KernelFiles, realFiles } from './kernel-files.js';

/** How the probe's programs are attached: fentry and fexit, or kprobe and kretprobe. */
export const attachVariants = ['fexit', 'kprobe'] as const;
export type AttachVariant = (typeof attachVariants)[number];

/** One way to attach the probe to this kernel. */
export interface Attachment {
  readonly variant: AttachVariant;
  /** A file with the types of the kernel and ip_vs; absent where the kernel shows them itself. */
  readonly types?: string;
  /** Why fexit, which costs a packet less, is not tried where it could be; absent: it is, or no. */
  readonly withoutFexit?: string;
}

/** What the user asked for. */
export interface AttachRequest {
  readonly variant?: AttachVariant;
  /** See `Attachment`. Only kprobes can use types that are not the kernel's own. */
  readonly types?: string;
}

// include/uapi/linux/capability.h
const CAP_SYS_ADMIN = 21n;
const CAP_PERFMON = 38n;
const CAP_BPF = 39n;

/**
 * The ways in which the probe may be attached to this kernel, to be tried one after another. Only
 * what the kernel itself shows is asked, never its version; what it does not show, loading the probe
 * finds out.
 *
 * @throws IpvscopeError `ERR_NO_IP_VS`, `ERR_NO_BTF`, `ERR_NO_MODULE_BTF` or `ERR_NO_CAPABILITY`
 * where something is missing, `ERR_BTF_FILE` for a file that there is not.
 */
export function planAttachments(
  request: AttachRequest = {},
  files: KernelFiles = realFiles,
  find: (files: KernelFiles) => string | undefined = findBtfFile,
): readonly Attachment[] {
  requireModule(files);
  const unseen = unseenTypes(files);
  const types = givenTypes(request, files) ?? (unseen === undefined ? undefined : find(files));
  if (unseen !== undefined && (types === undefined || request.variant === 'fexit')) throw unseen;
  const mayUse = requireCapabilities(files, request);

  const kprobe = { variant: 'kprobe', ...(types === undefined ? {} : { types }) } as const;
  if (types !== undefined || request.variant === 'kprobe') return [kprobe];
  if (!mayUse.fexit) return [{ ...kprobe, withoutFexit: FEXIT_TAKES }];
  const fexit = { variant: 'fexit' } as const;
  return request.variant === 'fexit' ? [fexit] : [fexit, kprobe];
}

/**
 * Refuses what cannot work on any kernel, so that a command that waits for ip_vs says so at once.
 *
 * @throws IpvscopeError `ERR_BTF_FILE` for a file that cannot be read, or holds no types.
 */
export function checkRequest(
  request: AttachRequest = {},
  files: KernelFiles = realFiles,
  readStart: (path: string) => Uint8Array = startOf,
): void {
  const types = givenTypes(request, files);
  if (types === undefined) return;
  let start: Uint8Array;
  try {
    start = readStart(types);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw wrongTypes(`${types}: no BTF can be read from it: ${reason}`, 'name a file with --btf');
  }
  const magic = Buffer.from(start.subarray(0, 4)).toString('hex');
  if (!BTF_MAGICS.some((known) => magic.startsWith(known))) {
    throw wrongTypes(
      `${types}: no BTF can be read from it: it is neither BTF nor an object file`,
      'build it for this kernel with: ipvscope btf',
    );
  }
}

/** BTF in this machine's byte order (include/uapi/linux/btf.h), or in a section of an ELF file. */
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

const wrongTypes = (message: string, hint: string): IpvscopeError =>
  new IpvscopeError('ERR_BTF_FILE', message, { hint, exitCode: ExitCode.usage });

function missing(code: ErrorCode, message: string, hint: string): IpvscopeError {
  return new IpvscopeError(code, message, { hint, exitCode: ExitCode.prerequisite });
}

function requireModule(files: KernelFiles): void {
  if (hasIpvs(files)) return;
  throw missing('ERR_NO_IP_VS', 'the kernel has no ip_vs loaded', 'load it with: modprobe ip_vs');
}

function givenTypes({ variant, types }: AttachRequest, files: KernelFiles): string | undefined {
  if (types === undefined) return undefined;
  if (!files.exists(types)) {
    throw wrongTypes(`BTF file not found: ${types}`, 'see: ipvscope btf --help');
  }
  if (variant === 'fexit') {
    throw wrongTypes("fexit uses the kernel's own BTF only", 'omit --btf, or --attach');
  }
  return types;
}

/** What keeps the kernel's own types of ip_vs from being used; undefined where it shows them. */
function unseenTypes(files: KernelFiles): IpvscopeError | undefined {
  const hint = `generate a BTF file: apt-get install linux-headers-${files.release}, then ipvscope btf`;
  if (!files.exists('/sys/kernel/btf/vmlinux')) {
    return missing(
      'ERR_NO_BTF',
      'the kernel has no BTF (/sys/kernel/btf/vmlinux is missing)',
      hint,
    );
  }
  // A module has its own; types of ip_vs built into the kernel are in vmlinux.
  if (isModule(files) && !files.exists('/sys/kernel/btf/ip_vs')) {
    return missing(
      'ERR_NO_MODULE_BTF',
      `kernel ${files.release} has no BTF of the module ip_vs (/sys/kernel/btf/ip_vs is missing)`,
      hint,
    );
  }
  return undefined;
}

const FEXIT_TAKES = 'fexit on the module ip_vs takes CAP_SYS_ADMIN';

/**
 * Whether this process may do what each variant takes (docs/capabilities.md). fexit names a function
 * of a module by the id of the module's BTF, which the kernel lets CAP_SYS_ADMIN do only
 * (kernel/bpf/syscall.c, bpf_btf_get_fd_by_id). A kernel may ask for more than is asked here: then
 * attaching says so.
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
