import { IpvscopeError } from '../error.js';
import { Guest } from './guest.js';
import { guestCommand } from './guest-command.js';
import { obtainInitramfs } from './initramfs.js';
import { kvmDeservesTry, rememberKvmFailure } from './kvm.js';
import { obtainKernel } from './lab-kernel.js';
import {
  type Accelerator,
  type LabOptions,
  type LabPlan,
  type LabResult,
  type LabSignal,
  planLab,
} from './options.js';
import { checkPorts } from './ports.js';
import { findProgram } from './programs.js';
import type { QemuPlan } from './qemu-args.js';

/** A lab at work. */
export interface LabRun {
  /**
   * Passes Ctrl-C or its like on to the command's process group, so that it can end in its own
   * way; `done` then tells its exit code. A second one, or one that comes before the command runs,
   * kills the guest: `done` rejects with `ERR_LAB_INTERRUPTED`.
   */
  interrupt(signal: LabSignal): void;
  /** Settles when nothing of the lab is left. */
  readonly done: Promise<LabResult>;
}

/** A KVM that works is up in about two seconds. */
const KVM_BOOT_LIMIT_MS = 8_000;
const TCG_BOOT_LIMIT_MS = 180_000;

/**
 * Boots a Debian kernel in QEMU over the host's own files, which the guest can change only for
 * itself, and runs a command in it as root.
 *
 * @throws IpvscopeError at once for options that cannot work; whatever comes later rejects `done`.
 */
export function startLab(options: LabOptions): LabRun {
  return new Lab(planLab(options));
}

interface Booted {
  readonly guest: Guest;
  readonly accelerator: Accelerator;
  readonly kernelRelease: string;
  readonly bootMs: number;
}

class Lab implements LabRun {
  readonly done: Promise<LabResult>;
  readonly #plan: LabPlan;
  readonly #stop = new AbortController();
  /** The one guest that may exist at a time; owned here, ended in `#run` and by a stop. */
  #guest: Guest | undefined;
  #commandRuns = false;
  #interrupted = false;

  constructor(plan: LabPlan) {
    this.#plan = plan;
    this.done = this.#run();
  }

  interrupt(signal: LabSignal): void {
    if (this.#commandRuns && !this.#interrupted) {
      this.#guest?.signal(signal);
    } else {
      this.#halt('ERR_LAB_INTERRUPTED', `the lab was interrupted (${signal})`);
    }
    this.#interrupted = true;
  }

  async #run(): Promise<LabResult> {
    const { timeoutMs, signal } = this.#plan;
    const aborted = (): void =>
      this.#halt('ERR_LAB_ABORTED', 'the lab was aborted', signal?.reason);
    const expired = (): void =>
      this.#halt('ERR_LAB_TIMEOUT', `the lab took more than ${(timeoutMs ?? 0) / 1000} s`);
    const timer = timeoutMs === undefined ? undefined : setTimeout(expired, timeoutMs);
    signal?.addEventListener('abort', aborted, { once: true });
    if (signal?.aborted) {
      aborted();
    }
    try {
      return await this.#bootAndRun();
    } catch (error) {
      // Killing the guest makes other things fail too; the reason for it is what counts.
      throw this.#stop.signal.aborted ? this.#stop.signal.reason : error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', aborted);
      await this.#guest?.close();
    }
  }

  async #bootAndRun(): Promise<LabResult> {
    const plan = this.#plan;
    this.#stop.signal.throwIfAborted();
    findProgram('qemu-system-x86_64');
    await checkPorts(plan.publish);
    const { signal } = this.#stop;
    const kernel = await obtainKernel({ ...plan, signal });
    const initramfs = await obtainInitramfs(kernel, signal);
    const { guest, ...booted } = await this.#boot({ ...plan, kernel, initramfs });
    plan.onProgress(`guest is up after ${(booted.bootMs / 1000).toFixed(1)} s`);
    const exitCode = await guest.run({
      script: guestCommand(plan),
      stdout: plan.stdout,
      stderr: plan.stderr,
      onStarted: () => {
        this.#commandRuns = true;
      },
      signal,
    });
    return { exitCode, ...booted };
  }

  /** KVM where it works, TCG elsewhere. Only a boot that TCG manages speaks against KVM. */
  async #boot(plan: Omit<QemuPlan, 'accelerator'>): Promise<Booted> {
    if (!(await kvmDeservesTry())) {
      return await this.#bootWith({ ...plan, accelerator: 'tcg' }, TCG_BOOT_LIMIT_MS);
    }
    try {
      return await this.#bootWith({ ...plan, accelerator: 'kvm' }, KVM_BOOT_LIMIT_MS);
    } catch (error) {
      this.#stop.signal.throwIfAborted();
      if (!(error instanceof IpvscopeError) || error.code === 'ERR_LAB_PORT_IN_USE') {
        throw error;
      }
      this.#plan.onProgress(`kvm does not run this kernel here: ${error.message}`);
    }
    const booted = await this.#bootWith({ ...plan, accelerator: 'tcg' }, TCG_BOOT_LIMIT_MS);
    await rememberKvmFailure();
    return booted;
  }

  async #bootWith(plan: QemuPlan, limitMs: number): Promise<Booted> {
    const { accelerator, kernel } = plan;
    this.#plan.onProgress(`booting ${kernel.release} (${accelerator})`);
    this.#stop.signal.throwIfAborted();
    const start = performance.now();
    const guest = new Guest(plan);
    this.#guest = guest;
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      void guest.close();
    }, limitMs);
    try {
      const kernelRelease = await guest.up();
      return { guest, accelerator, kernelRelease, bootMs: performance.now() - start };
    } catch (error) {
      await guest.close();
      throw late ? bootTookTooLong(guest, limitMs) : error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the run for a reason that the first call gives. */
  #halt(code: string, message: string, cause?: unknown): void {
    const log = this.#guest?.console;
    this.#stop.abort(
      new IpvscopeError(code, message, {
        step: 'lab',
        cause,
        ...(log === undefined ? {} : { log }),
      }),
    );
    void this.#guest?.close();
  }
}

function bootTookTooLong(guest: Guest, limitMs: number): IpvscopeError {
  return new IpvscopeError('ERR_LAB_BOOT', `the guest was not up within ${limitMs / 1000} s`, {
    step: 'guest',
    log: guest.console,
  });
}
