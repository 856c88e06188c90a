import { access, constants, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { labCacheDirectory, readIfPresent, writeAtomically } from './lab-cache.js';

/**
 * Whether KVM deserves a try: its device opens, and no kernel failed under it since this machine
 * booted. A device that opens may still not run a stock kernel, for example in a nested guest.
 */
export async function kvmDeservesTry(): Promise<boolean> {
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK);
  } catch {
    return false;
  }
  return (await readIfPresent(verdictPath())) !== (await bootId());
}

/** Keeps later labs from trying until the machine boots again. */
export async function rememberKvmFailure(): Promise<void> {
  await writeAtomically(verdictPath(), await bootId());
}

function verdictPath(): string {
  return join(labCacheDirectory(), 'kvm-failed-in-boot');
}

async function bootId(): Promise<string> {
  return await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
}
