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
 * A cached kernel whose ip_vs lacks the fix of Linux 5.9, in a directory of its own; everything else
 * is the stock kernel's. Built unless the cache has it.
 *
 * @throws IpvscopeError what `buildRevertedModule` throws.
 */
export async function obtainRevertedKernel(request: HeadersRequest): Promise<LabKernel> {
  const { kernel } = request;
  const parent = join(labCacheDirectory(), 'unfixed');
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

/** Directories are new, files are the same. */
async function linkTree(from: string, to: string): Promise<void> {
  await mkdir(to);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await linkTree(source, target);
    else await link(source, target);
  }
}

/** Under the name that it had, packed or not: what loads modules looks at their content. */
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
