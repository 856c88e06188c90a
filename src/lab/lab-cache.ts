import { access, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { ExitCode, IpvscopeError } from '../error.js';

/**
 * Where kernels, initial RAM disks and verdicts about this machine are kept between runs:
 * `IPVSCOPE_LAB_CACHE`, or `ipvscope/lab` in the user's cache directory. It may be removed whenever
 * no lab runs.
 */
export function labCacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  if (env.IPVSCOPE_LAB_CACHE) {
    return env.IPVSCOPE_LAB_CACHE;
  }
  const base = env.XDG_CACHE_HOME?.startsWith('/') ? env.XDG_CACHE_HOME : join(homedir(), '.cache');
  return join(base, 'ipvscope', 'lab');
}

/**
 * Makes the cache's directory, and makes sure that it can be written to.
 *
 * @throws IpvscopeError `ERR_LAB_CACHE`
 */
export async function makeLabCache(directory = labCacheDirectory()): Promise<void> {
  try {
    await makeDirectory(resolve(directory));
    await rm(await mkdtemp(join(directory, '.scratch-')), { recursive: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new IpvscopeError('ERR_LAB_CACHE', `the lab cannot keep its kernels: ${reason}`, {
      step: 'cache',
      hint: 'name a directory that can be written to in IPVSCOPE_LAB_CACHE',
      exitCode: ExitCode.prerequisite,
      cause,
    });
  }
}

/**
 * As mkdir -p. Node's own never returns where the system says ENOENT for a directory whose parent
 * exists, as below /proc (seen with 20.20).
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

/** The file's text, or undefined if there is none. */
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

/** Writes a file so that a reader, or a second writer, sees all of it or none. */
export async function writeAtomically(path: string, content: string | Uint8Array): Promise<void> {
  await withScratch(dirname(path), async (scratch) => {
    const draft = join(scratch, 'draft');
    await writeFile(draft, content);
    await rename(draft, path);
  });
}

/** Runs `work` with a directory of its own beside what it will publish, and removes it after. */
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

/** Moves a finished directory to its place; whoever comes first wins, and both are right. */
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
