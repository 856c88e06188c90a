import { createHash } from 'node:crypto';
import { link, mkdir, readdir, realpath, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { IpvscopeError } from '../error.js';
import { buildRevertedModule } from './build-reverted-module.js';
import { packageDirectory } from './fetch-kernel.js';
import type { HeadersRequest } from './kernel-headers.js';
import { isPresent, labCacheDirectory, publishDirectory, withScratch } from './lab-cache.js';
import type { LabKernel } from './lab-kernel.js';
import { revertRecipe } from './revert-fix.js';

/**
 * Returns a cached kernel with the fix of Linux 5.9 reverted in ip_vs, built unless it is cached. Its
 * directory holds links to the stock kernel's files and the rebuilt module.
 *
 * @throws IpvscopeError as `buildRevertedModule` does.
 */
export async function obtainRevertedKernel(request: HeadersRequest): Promise<LabKernel> {
  const { kernel } = request;
  const parent = join(labCacheDirectory(), 'reverted');
  const recipe = createHash('sha256').update(revertRecipe).digest('hex').slice(0, 8);
  const finished = join(parent, `${packageDirectory(kernel)}-${recipe}`);
  if (!(await isPresent(finished))) {
    await withScratch(parent, async (scratch) => {
      const module = await buildRevertedModule(request, scratch);
      const draft = join(scratch, 'finished');
      await linkTree(kernel.directory, draft);
      await replaceModule(join(draft, 'modules', 'kernel', 'net', 'netfilter', 'ipvs'), module);
      await publishDirectory(draft, finished);
    });
  }
  return { ...kernel, directory: await realpath(finished) };
}

/** Copies a directory tree with hard links to its files. */
async function linkTree(from: string, to: string): Promise<void> {
  await mkdir(to);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await linkTree(source, target);
    else await link(source, target);
  }
}

/** Replaces ip_vs under its existing name, compressed or not: module loaders look at the content. */
async function replaceModule(directory: string, module: string): Promise<void> {
  const stock = (await readdir(directory)).find((name) => /^ip_vs\.ko(?:\.\w+)?$/.test(name));
  if (stock === undefined) {
    throw new IpvscopeError('ERR_LAB_KERNEL_LAYOUT', 'the kernel has no module ip_vs', {
      step: 'revert',
      log: directory,
    });
  }
  await rm(join(directory, stock));
  await rename(module, join(directory, stock));
}
