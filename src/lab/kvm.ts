import { access, constants, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { labCacheDirectory, readIfPresent, writeAtomically } from './lab-cache.js';

/**
 * Whether to try KVM: its device opens, and no boot with KVM has failed since this machine booted. A
 * device that opens may still be unable to run a stock kernel, for example in a nested guest.
 */
export async function shouldTryKvm(): Promise<boolean> {
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK);
  } catch {
    return false;
  }
  return (await readIfPresent(failurePath())) !== (await bootId());
}

/** Disables KVM for later labs until this machine boots again. */
export async function recordKvmFailure(): Promise<void> {
  await writeAtomically(failurePath(), await bootId());
}

function failurePath(): string {
  return join(labCacheDirectory(), 'kvm-failed-in-boot');
}

async function bootId(): Promise<string> {
  return await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
}
