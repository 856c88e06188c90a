import { delimiter, join } from 'node:path';
import { packagePath } from '../package-root.js';
import { type KernelFiles, realFiles } from './kernel-files.js';

/** Where an operator puts BTF files of kernels built without BTF; IPVSCOPE_BTF_PATH replaces it. */
const OPERATOR_DIRECTORIES = ['/etc/ipvscope/btf', '/var/lib/ipvscope/btf'];

/** BTF files that come with ipvscope. */
const BUNDLED = packagePath('native/btf');

/** Returns the directories that are searched for BTF files, in this order. */
export function btfDirectories(path = process.env.IPVSCOPE_BTF_PATH): readonly string[] {
  const own = path === undefined ? OPERATOR_DIRECTORIES : path.split(delimiter).filter(Boolean);
  return [...own, BUNDLED];
}

/**
 * Finds the BTF file of the running kernel and its ip_vs, for kernels built without BTF:
 * `RELEASE.btf`, by the exact release. A layout is never guessed from a version.
 */
export function findBtfFile(
  files: KernelFiles = realFiles,
  directories = btfDirectories(),
): string | undefined {
  return directories
    .map((directory) => join(directory, `${files.release}.btf`))
    .find((path) => files.exists(path));
}
