import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';

/** Reads files of the running kernel and of this machine. Replaced in tests. */
export interface KernelFiles {
  exists(path: string): boolean;
  read(path: string): string;
  /** `uname -r`. */
  readonly release: string;
}

export const realFiles: KernelFiles = {
  exists: existsSync,
  read: (path) => readFileSync(path, 'utf8'),
  release: release(),
};
