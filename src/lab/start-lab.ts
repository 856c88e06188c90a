import { type ErrorCode, IpvscopeError } from '../error.js';
import { findPrograms } from '../exec/find.js';
import { bootGuest } from './boot.js';
import type { Guest } from './guest.js';
import { guestCommand } from './guest-command.js';
import { obtainInitramfs } from './initramfs.js';
import { obtainKernelBtf } from './kernel-btf.js';
import { obtainKernel } from './lab-kernel.js';
import {
  type LabOptions,
  type LabPlan,
  type LabResult,
  type LabSignal,
  planLab,
} from './lab-options.js';
import { checkPorts } from './published-ports.js';
import { obtainRevertedKernel } from './reverted-kernel.js';

/** A running lab. */
export interface LabRun {
  /**
   * Forwards a signal to the command's process group, so that the command can end in its own way;
   * `done` then resolves with its exit code. A second signal, or a signal before the command runs,
   * kills the guest: `done` rejects with `ERR_LAB_INTERRUPTED`.
   */
  interrupt(signal: LabSignal): void;
  /** Settles after QEMU has ended. */
  readonly done: Promise<LabResult>;
}

/**
 * Boots a Debian kernel in QEMU, with the host's files under a temporary overlay, and runs a command
 * as root in the guest.
 *
 * @throws IpvscopeError for invalid options; later failures reject `done`.
 */
export function startLab(options: LabOptions): LabRun {
  return new Lab(planLab(options));
}

class Lab implements LabRun {
  readonly done: Promise<LabResult>;
  readonly #plan: LabPlan;
  readonly #stop = new AbortController();
  /** At most one guest exists at a time; `#run` or `#halt` closes it. */
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
      this.#halt('ERR_LAB_TIMEOUT', `timeout of ${(timeoutMs ?? 0) / 1000} s expired`);
    const timer = timeoutMs === undefined ? undefined : setTimeout(expired, timeoutMs);
    signal?.addEventListener('abort', aborted, { once: true });
    if (signal?.aborted) {
      aborted();
    }
    try {
      return await this.#bootAndRun();
    } catch (error) {
      // After a halt other failures follow; its reason is the cause.
      throw this.#stop.signal.aborted ? this.#stop.signal.reason : asLabError(error);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', aborted);
      await this.#guest?.close();
    }
  }

  async #bootAndRun(): Promise<LabResult> {
    const plan = this.#plan;
    const { signal } = this.#stop;
    signal.throwIfAborted();
    checkMachine();
    await checkPorts(plan.publish);
    const { onProgress } = plan;
    const stockKernel = await obtainKernel({ ...plan, signal });
    const kernel = plan.revertFix
      ? await obtainRevertedKernel({ kernel: stockKernel, signal, onProgress })
      : stockKernel;
    const btfDirectory = await obtainKernelBtf({ kernel, signal, onProgress });
    const env = {
      ...(btfDirectory === undefined ? {} : { IPVSCOPE_BTF_PATH: btfDirectory }),
      ...plan.env,
    };
    const initramfs = await obtainInitramfs(kernel, signal);
    const onGuest = (guest: Guest): void => {
      this.#guest = guest;
    };
    const { guest, ...booted } = await bootGuest({ ...plan, kernel, initramfs, onGuest, signal });
    try {
      const exitCode = await guest.run({
        script: guestCommand({ ...plan, env }),
        stdout: plan.stdout,
        stderr: plan.stderr,
        onStarted: () => {
          this.#commandRuns = true;
        },
        signal,
      });
      return { exitCode, ...booted };
    } finally {
      this.#commandRuns = false;
    }
  }

  /** Ends the run; the first call's reason is kept. */
  #halt(code: ErrorCode, message: string, cause?: unknown): void {
    const log = this.#guest?.console;
    const details = { step: 'lab', cause, ...(log === undefined ? {} : { log }) };
    this.#stop.abort(new IpvscopeError(code, message, details));
    void this.#guest?.close();
  }
}

/** The programs that every run needs, here or in the guest. */
export const LAB_PROGRAMS = [
  'qemu-system-x86_64',
  'setpriv',
  'busybox',
  'modprobe',
  'depmod',
] as const;

/** Checks what every run needs, before anything is downloaded or booted. */
function checkMachine(): void {
  if (process.arch !== 'x64') {
    throw new IpvscopeError(
      'ERR_LAB_MACHINE',
      `the lab needs an x64 machine, not ${process.arch}`,
      {
        step: 'programs',
      },
    );
  }
  findPrograms(LAB_PROGRAMS);
}

function asLabError(error: unknown): IpvscopeError {
  if (error instanceof IpvscopeError) {
    return error;
  }
  const message = error instanceof Error ? error.message : String(error);
  return new IpvscopeError('ERR_LAB_FAILED', message, { step: 'lab', cause: error });
}
