import { IpvscopeError } from '../error.js';

/** The Debian suite that carries a kernel. */
export interface DebianKernel {
  readonly kernel: string;
  readonly suite: string;
  /** Whether the suite has `-security` and `-updates` suites beside it. */
  readonly hasSecuritySuite: boolean;
  /** Whether its modules carry BTF (CONFIG_DEBUG_INFO_BTF_MODULES). */
  readonly moduleBtf: boolean;
}

export const DEFAULT_KERNEL = '6.1';

/** In every suite this package depends on the newest kernel of the standard flavour. */
export const META_PACKAGE = 'linux-image-amd64';

const TABLE: readonly DebianKernel[] = [
  { kernel: '5.10', suite: 'bullseye', hasSecuritySuite: true, moduleBtf: false },
  { kernel: '6.1', suite: 'bookworm', hasSecuritySuite: true, moduleBtf: true },
  { kernel: '6.12', suite: 'trixie', hasSecuritySuite: true, moduleBtf: true },
  { kernel: '7', suite: 'sid', hasSecuritySuite: false, moduleBtf: true },
];

/** The kernels that the lab can boot, oldest first. */
export function labKernels(): readonly string[] {
  return TABLE.map((row) => row.kernel);
}

/** Those whose modules carry no BTF. */
export function kernelsWithoutBtf(): readonly string[] {
  return TABLE.filter((row) => !row.moduleBtf).map((row) => row.kernel);
}

/**
 * Returns the row of a kernel.
 *
 * @throws IpvscopeError `ERR_LAB_KERNEL_UNKNOWN` for a kernel that is not in the table.
 */
export function debianKernel(kernel: string): DebianKernel {
  const row = TABLE.find((candidate) => candidate.kernel === kernel);
  if (row === undefined) {
    throw new IpvscopeError('ERR_LAB_KERNEL_UNKNOWN', `unknown lab kernel '${kernel}'`, {
      step: 'options',
      hint: `choose one of ${labKernels().join(', ')}`,
    });
  }
  return row;
}
