import { IpvscopeError } from '../error.js';
import { Guest } from './guest.js';
import { recordKvmFailure, shouldTryKvm } from './kvm.js';
import type { LabResult } from './lab-options.js';
import type { QemuPlan } from './qemu-args.js';

export interface BootRequest extends Omit<QemuPlan, 'accelerator'> {
  readonly countInstructions: boolean;
  readonly onProgress: (line: string) => void;
  /** Called with each guest as soon as it exists; closing the guest ends the boot. */
  readonly onGuest: (guest: Guest) => void;
  readonly signal: AbortSignal;
}

/** A guest that is ready for its command, with the facts of its boot. */
export interface BootedGuest extends Omit<LabResult, 'exitCode'> {
  /** The caller closes it. */
  readonly guest: Guest;
}

/** With working KVM a guest boots in about two seconds. */
const KVM_BOOT_LIMIT_MS = 8_000;
/** A last resort: QEMU exits by itself when the kernel panics. */
const TCG_BOOT_LIMIT_MS = 180_000;

/**
 * Boots a guest: with KVM where KVM works, else (and to count instructions) with TCG. A boot that
 * fails with KVM and succeeds with TCG disables KVM for later boots.
 *
 * @throws IpvscopeError `ERR_LAB_BOOT`, `ERR_LAB_PANIC` or `ERR_LAB_PORT_IN_USE`, after the guest has
 * been closed.
 */
export async function bootGuest(request: BootRequest): Promise<BootedGuest> {
  if (request.countInstructions) {
    return await boot({ ...request, accelerator: 'instructions' }, TCG_BOOT_LIMIT_MS);
  }
  if (!(await shouldTryKvm())) {
    return await boot({ ...request, accelerator: 'tcg' }, TCG_BOOT_LIMIT_MS);
  }
  try {
    return await boot({ ...request, accelerator: 'kvm' }, KVM_BOOT_LIMIT_MS);
  } catch (error) {
    request.signal.throwIfAborted();
    if (!(error instanceof IpvscopeError) || error.code === 'ERR_LAB_PORT_IN_USE') {
      throw error;
    }
    request.onProgress(`KVM cannot run this kernel here: ${error.message}`);
  }
  const booted = await boot({ ...request, accelerator: 'tcg' }, TCG_BOOT_LIMIT_MS);
  await recordKvmFailure();
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
  return new IpvscopeError('ERR_LAB_BOOT', `the guest did not boot within ${limitMs / 1000} s`, {
    step: 'guest',
    log: guest.console,
  });
}
