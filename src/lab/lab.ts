import { type ErrorCode, ExitCode, IpvscopeError } from '../error.js';
import { findPrograms } from '../exec/find.js';
import { bootGuest } from './boot.js';
import type { Guest } from './guest.js';
import { guestCommand } from './guest-command.js';
import { obtainInitramfs } from './initramfs.js';
import { obtainKernelTypes } from './kernel-types.js';
import { obtainKernel } from './lab-kernel.js';
import {
  type LabOptions,
  type LabPlan,
  type LabResult,
  type LabSignal,
  planLab,
} from './options.js';
import { checkPorts } from './ports.js';
import { obtainUnfixedKernel } from './unfixed-kernel.js';

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

/**
 * Boots a Debian kernel in QEMU over the host's own files, which the guest can change only for
 * itself, and runs a command in it as root.
 *
 * @throws IpvscopeError at once for options that cannot work; whatever comes later rejects `done`.
 */
export function startLab(options: LabOptions): LabRun {
  return new Lab(planLab(options));
}

class Lab implements LabRun {
  readonly done: Promise<LabResult>;
  readonly #plan: LabPlan;
  readonly #stop = new AbortController();
  /** The one guest that exists at a time; `#run` ends it, or a stop. */
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
      // A stop makes other things fail too; the reason for it is what counts.
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
    const stock = await obtainKernel({ ...plan, signal });
    const kernel = plan.unfixed
      ? await obtainUnfixedKernel({ kernel: stock, signal, onProgress })
      : stock;
    const types = await obtainKernelTypes({ kernel, signal, onProgress });
    const env = { ...(types === undefined ? {} : { IPVSCOPE_BTF_PATH: types }), ...plan.env };
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

  /** Ends the run; the reason is that of the first call. */
  #halt(code: ErrorCode, message: string, cause?: unknown): void {
    const log = this.#guest?.console;
    const details = { step: 'lab', cause, ...(log === undefined ? {} : { log }) };
    this.#stop.abort(new IpvscopeError(code, message, details));
    void this.#guest?.close();
  }
}

/** What every run needs, said before any time is spent. */
function checkMachine(): void {
  if (process.arch !== 'x64') {
    throw new IpvscopeError(
      'ERR_LAB_MACHINE',
      `the lab needs an x64 machine, not ${process.arch}`,
      {
        step: 'programs',
        exitCode: ExitCode.prerequisite,
      },
    );
  }
  findPrograms(['qemu-system-x86_64', 'setpriv', 'busybox']);
}

function asLabError(error: unknown): IpvscopeError {
  if (error instanceof IpvscopeError) {
    return error;
  }
  const message = error instanceof Error ? error.message : String(error);
  return new IpvscopeError('ERR_LAB_FAILED', message, { step: 'lab', cause: error });
}
