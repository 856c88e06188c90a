import { IpvscopeError } from '../error.js';
import { Guest } from './guest.js';
import { kvmDeservesTry, rememberKvmFailure } from './kvm.js';
import type { LabResult } from './lab-options.js';
import type { QemuPlan } from './qemu-args.js';

export interface BootRequest extends Omit<QemuPlan, 'accelerator'> {
  readonly countInstructions: boolean;
  readonly onProgress: (line: string) => void;
  /** Told of each guest as soon as it exists; whoever is told may close it to end the boot. */
  readonly onGuest: (guest: Guest) => void;
  readonly signal: AbortSignal;
}

/** A guest that waits for its command, and what is known of it by then. */
export interface BootedGuest extends Omit<LabResult, 'exitCode'> {
  /** Now the caller's, to close. */
  readonly guest: Guest;
}

/** A KVM that works is up in about two seconds. */
const KVM_BOOT_LIMIT_MS = 8_000;
/** A last resort: a kernel that fails ends QEMU by itself. */
const TCG_BOOT_LIMIT_MS = 180_000;

/**
 * Boots with KVM where it works, with TCG elsewhere and where instructions are to be counted. Only a boot that TCG manages speaks against
 * KVM; then later boots do not try it again.
 *
 * @throws IpvscopeError `ERR_LAB_BOOT`, `ERR_LAB_PANIC` or `ERR_LAB_PORT_IN_USE`; no guest is left.
 */
export async function bootGuest(request: BootRequest): Promise<BootedGuest> {
  if (request.countInstructions) {
    return await boot({ ...request, accelerator: 'instructions' }, TCG_BOOT_LIMIT_MS);
  }
  if (!(await kvmDeservesTry())) {
    return await boot({ ...request, accelerator: 'tcg' }, TCG_BOOT_LIMIT_MS);
  }
  try {
    return await boot({ ...request, accelerator: 'kvm' }, KVM_BOOT_LIMIT_MS);
  } catch (error) {
    request.signal.throwIfAborted();
    if (!(error instanceof IpvscopeError) || error.code === 'ERR_LAB_PORT_IN_USE') {
      throw error;
    }
    request.onProgress(`kvm does not run this kernel here: ${error.message}`);
  }
  const booted = await boot({ ...request, accelerator: 'tcg' }, TCG_BOOT_LIMIT_MS);
  await rememberKvmFailure();
  return booted;
}

async function boot(request: BootRequest & QemuPlan, limitMs: number): Promise<BootedGuest> {
  const { accelerator, kernel } = request;
  request.signal.throwIfAborted();
  request.onProgress(`booting ${kernel.release} (${accelerator})`);
  const start = performance.now();
  const guest = new Guest(request);
  request.onGuest(guest);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    void guest.close();
  }, limitMs);
  try {
    const kernelRelease = await guest.up();
    const bootMs = Math.round(performance.now() - start);
    request.onProgress(`guest is up after ${(bootMs / 1000).toFixed(1)} s`);
    return { guest, accelerator, kernelRelease, bootMs };
  } catch (error) {
    await guest.close();
    throw late ? bootTookTooLong(guest, limitMs) : error;
  } finally {
    clearTimeout(timer);
  }
}

function bootTookTooLong(guest: Guest, limitMs: number): IpvscopeError {
  return new IpvscopeError('ERR_LAB_BOOT', `the guest was not up within ${limitMs / 1000} s`, {
    step: 'guest',
    log: guest.console,
  });
}
