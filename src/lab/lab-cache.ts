import { access, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { IpvscopeError } from '../error.js';

/**
 * Returns the directory of cached kernels, initial RAM disks and KVM failures: `IPVSCOPE_LAB_CACHE`,
 * or `ipvscope/lab` in the user's cache directory. It may be removed while no lab runs.
 */
export function labCacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  if (env.IPVSCOPE_LAB_CACHE) {
    return env.IPVSCOPE_LAB_CACHE;
  }
  const base = env.XDG_CACHE_HOME?.startsWith('/') ? env.XDG_CACHE_HOME : join(homedir(), '.cache');
  return join(base, 'ipvscope', 'lab');
}

/**
 * Creates the cache directory and checks that it is writable.
 *
 * @throws IpvscopeError `ERR_LAB_CACHE`
 */
export async function makeLabCache(directory = labCacheDirectory()): Promise<void> {
  try {
    await makeDirectory(resolve(directory));
    await rm(await mkdtemp(join(directory, '.scratch-')), { recursive: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new IpvscopeError('ERR_LAB_CACHE', `cannot write to the lab's cache: ${reason}`, {
      step: 'cache',
      hint: 'name a directory that is writable in IPVSCOPE_LAB_CACHE',
      cause,
    });
  }
}

/**
 * Creates a directory and its parents. Node's own recursive mkdir never returns where the system
 * reports ENOENT for a directory whose parent exists, as below /proc (seen with 20.20).
 */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return;
    const parent = dirname(path);
    if (!isErrno(error, 'ENOENT') || parent === path) throw error;
    await makeDirectory(parent);
    await mkdir(path);
  }
}

export async function isPresent(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

/** Reads a file's text; undefined if the file does not exist. */
export async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) {
      return undefined;
    }
    throw error;
  }
}

/** Writes a file atomically: a concurrent reader or writer sees all of it or nothing. */
export async function writeAtomically(path: string, content: string | Uint8Array): Promise<void> {
  await withScratch(dirname(path), async (scratch) => {
    const draft = join(scratch, 'draft');
    await writeFile(draft, content);
    await rename(draft, path);
  });
}

/** Runs `work` with a temporary directory below `parent`, and removes the directory afterwards. */
export async function withScratch<T>(
  parent: string,
  work: (scratch: string) => Promise<T>,
): Promise<T> {
  await mkdir(parent, { recursive: true });
  const scratch = await mkdtemp(join(parent, '.scratch-'));
  try {
    return await work(scratch);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Moves a finished directory to its final path; keeps an equal one that is already there. */
export async function publishDirectory(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!isErrno(error, 'ENOTEMPTY') && !isErrno(error, 'EEXIST')) {
      throw error;
    }
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
