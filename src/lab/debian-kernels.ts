import { ExitCode, IpvscopeError } from '../error.js';

/** A row of the table: which Debian suite carries which kernel. */
export interface DebianKernel {
  readonly kernel: string;
  readonly suite: string;
  /** False where the suite has neither a `-security` nor an `-updates` twin. */
  readonly twins: boolean;
  /** Whether its modules show their types (CONFIG_DEBUG_INFO_BTF_MODULES). */
  readonly moduleBtf: boolean;
}

export const DEFAULT_KERNEL = '6.1';

/** Every suite names its newest kernel of the standard flavour with this package. */
export const META_PACKAGE = 'linux-image-amd64';

const TABLE: readonly DebianKernel[] = [
  { kernel: '5.10', suite: 'bullseye', twins: true, moduleBtf: false },
  { kernel: '6.1', suite: 'bookworm', twins: true, moduleBtf: true },
  { kernel: '6.12', suite: 'trixie', twins: true, moduleBtf: true },
  { kernel: '7', suite: 'sid', twins: false, moduleBtf: true },
];

/** The kernels that a lab can boot, oldest first. */
export function labKernels(): readonly string[] {
  return TABLE.map((row) => row.kernel);
}

/** @throws IpvscopeError `ERR_LAB_KERNEL_UNKNOWN` for one that is not in the table. */
export function debianKernel(kernel: string): DebianKernel {
  const row = TABLE.find((candidate) => candidate.kernel === kernel);
  if (row === undefined) {
    throw new IpvscopeError('ERR_LAB_KERNEL_UNKNOWN', `there is no lab kernel '${kernel}'`, {
      step: 'options',
      hint: `choose one of ${labKernels().join(', ')}`,
      exitCode: ExitCode.usage,
    });
  }
  return row;
}
