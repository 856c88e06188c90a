import { chmod, mkdir, open, readdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { isPresent } from './lab-cache.js';

/** The packages of the shared libraries that a kernel's build programs load. */
export const SUITE_LIBRARIES = /^(?:libc6|libelf1(?:t64)?|libzstd1|zlib1g)$/;

/** Their directories below the root; suites differ. */
const DIRECTORIES = ['lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu'];

const ELF_MAGIC = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);
const REAL = /\.real-[^/]+$/;

/** Moves the libraries of unpacked packages into one directory. */
export async function gatherLibraries(tree: string, libraries: string): Promise<void> {
  await mkdir(libraries, { recursive: true });
  for (const directory of DIRECTORIES.map((name) => join(tree, name))) {
    if (!(await isPresent(directory))) continue;
    for (const name of await readdir(directory)) {
      if (name.includes('.so')) await rename(join(directory, name), join(libraries, name));
    }
  }
}

/**
 * Wraps the programs below `directory` to run with the libraries of their own suite, as this
 * machine's may be too old. Programs and libraries can be moved together afterwards.
 *
 * A program that only starts `NAME.real-KIND` is left alone: it looks for that file beside itself.
 */
export async function useLibraries(libraries: string, directory: string): Promise<void> {
  const names = await readdir(directory, { recursive: true });
  const starters = new Set(
    names.filter((name) => REAL.test(name)).map((name) => name.replace(REAL, '')),
  );
  for (const name of names) {
    const path = join(directory, name);
    if (starters.has(name) || !(await isElf(path))) continue;
    await rename(path, `${path}.elf`);
    await writeFile(path, wrapper(relative(dirname(path), libraries)));
    await chmod(path, 0o755);
  }
}

function wrapper(libraries: string): string {
  return `#!/bin/sh
libraries=\${0%/*}/${libraries}
exec "$libraries/ld-linux-x86-64.so.2" --library-path "$libraries" "$0.elf" "$@"
`;
}

async function isElf(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    if (!(await file.stat()).isFile()) return false;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return bytesRead === 4 && buffer.equals(ELF_MAGIC);
  } finally {
    await file.close();
  }
}
