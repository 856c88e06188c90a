import { delimiter, join } from 'node:path';
import { packagePath } from '../package-root.js';
import { type KernelFiles, realFiles } from './kernel-files.js';

/** Where an operator puts types of kernels that do not show them; IPVSCOPE_BTF_PATH replaces it. */
const OPERATOR_DIRECTORIES = ['/etc/ipvscope/btf', '/var/lib/ipvscope/btf'];

/** Comes with ipvscope: kernels that it was built for. */
const BUNDLED = packagePath('native/btf');

/** The directories in which types are looked for, in that order. */
export function btfDirectories(path = process.env.IPVSCOPE_BTF_PATH): readonly string[] {
  const own = path === undefined ? OPERATOR_DIRECTORIES : path.split(delimiter).filter(Boolean);
  return [...own, BUNDLED];
}

/**
 * The file with types of the running kernel and its ip_vs, for kernels that do not show them
 * themselves: `RELEASE.btf`, by the exact release. A layout is never guessed from a version.
 */
export function findBtfFile(
  files: KernelFiles = realFiles,
  directories = btfDirectories(),
): string | undefined {
  return directories
    .map((directory) => join(directory, `${files.release}.btf`))
    .find((path) => files.exists(path));
}
