import { IpvscopeError } from '../error.js';
import type { Attachment } from '../native/attachment.js';
import type { OnBatch } from '../record/record-batch.js';
import type { ServiceKey } from '../services/virtual-service.js';
import {
  type AttachedProgram,
  type EventSource,
  type LookedUp,
  noSource,
  type SourceState,
} from './event-source.js';

/** A source that is attached until it is stopped. */
export interface AttachedSource extends EventSource {
  readonly attachment: Attachment;
  /** Returns how many found no room. */
  setServices(services: readonly ServiceKey[]): number;
  /** Calls `onError` where a read fails; from then on nothing is delivered. */
  start(onBatch: OnBatch, onError?: (error: IpvscopeError) => void): void;
  /** `gone`: the module that it was attached to was unloaded. */
  stop(options?: { readonly gone?: boolean }): void;
}

export interface ReattachingOptions {
  /** Attaches. Throws an IpvscopeError, with nothing left behind, where that is not possible. */
  readonly attach: () => AttachedSource;
  /** Identifies the loading of ip_vs; undefined while it is not loaded. */
  readonly instance: () => string | undefined;
  readonly onAttached: (attachment: Attachment) => void;
  /** Called before detaching, and when the module was unloaded. */
  readonly onDetached: () => void;
  /** Called with the number of virtual services that found no room in the probe. */
  readonly onServicesLeftOut: (count: number) => void;
  /** Called with the reason while it is not attached and retries: no module, or a failure. */
  readonly onWaiting: (reason: string) => void;
}

const POLL_MS = 1_000;

/** The longest pause after a failed read; it doubles each time. */
const MAX_BACKOFF_MS = 60_000;

/**
 * Attaches to a kernel whose module ip_vs may be loaded, unloaded and reloaded. Counts of former
 * attachments are kept. (fentry and fexit pin the module; kprobes do not.)
 */
export class ReattachingSource implements EventSource {
  readonly #options: ReattachingOptions;
  #onBatch: OnBatch | undefined;
  #source: AttachedSource | undefined;
  #instance: string | undefined;
  /** The summed state of former attachments. */
  #former: SourceState = noSource;
  #timer: NodeJS.Timeout | undefined;
  #reason: string | undefined;
  #services: readonly ServiceKey[] = [];
  #backoffMs = POLL_MS;
  /** When it was attached, on the clock of `performance.now()`. */
  #attachedMs = 0;

  constructor(options: ReattachingOptions) {
    this.#options = options;
  }

  /** Attaches, or with `wait` waits for ip_vs where it is not loaded; throws as `attach` does. */
  start(onBatch: OnBatch, { wait = false } = {}): void {
    this.#onBatch = onBatch;
    if (wait && this.#options.instance() === undefined) this.#wait('ip_vs is not loaded');
    else this.#attach();
    this.#pollLater();
  }

  /** Sets the virtual services of this attachment and of later ones; see Session.setServices(). */
  setServices(services: readonly ServiceKey[]): void {
    this.#services = services;
    const leftOut = this.#source?.setServices(services) ?? 0;
    if (leftOut > 0) this.#options.onServicesLeftOut(leftOut);
  }

  state(): SourceState {
    const now = this.#source?.state();
    return now === undefined ? this.#former : sum(this.#former, now);
  }

  flush(): void {
    this.#source?.flush();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#former = this.#release();
  }

  #attach(): void {
    const instance = this.#options.instance();
    const source = this.#options.attach();
    this.#source = source;
    this.#instance = instance;
    this.#reason = undefined;
    this.#attachedMs = performance.now();
    source.start(
      (batch) => this.#onBatch?.(batch),
      (error) => this.#reattach(source, error),
    );
    this.setServices(this.#services);
    this.#options.onAttached(source.attachment);
  }

  /** Replaces a source whose reads fail. */
  #reattach(source: AttachedSource, error: IpvscopeError): void {
    if (source !== this.#source) return;
    clearTimeout(this.#timer);
    this.#detach();
    this.#wait(error.toLine());
    const lasted = performance.now() - this.#attachedMs;
    this.#backoffMs =
      lasted > MAX_BACKOFF_MS ? POLL_MS : Math.min(2 * this.#backoffMs, MAX_BACKOFF_MS);
    this.#pollLater(this.#backoffMs);
  }

  #pollLater(afterMs = POLL_MS): void {
    // fentry and fexit pin the module: no need to poll.
    if (this.#source?.attachment.variant === 'fexit') return;
    this.#timer = setTimeout(() => {
      this.#poll();
      this.#pollLater();
    }, afterMs);
  }

  #poll(): void {
    let instance: string | undefined;
    try {
      instance = this.#options.instance();
    } catch (cause) {
      // Out of descriptors or memory: whether ip_vs is loaded is not known, so nothing changes.
      if (this.#source === undefined)
        this.#wait(`cannot check whether ip_vs is loaded: ${String(cause)}`);
      return;
    }
    if (this.#source !== undefined) {
      if (instance === this.#instance) return;
      // Unloading the module removed every kprobe on it.
      this.#detach({ gone: true });
    }
    if (instance === undefined) {
      this.#wait('ip_vs is not loaded');
      return;
    }
    try {
      this.#attach();
    } catch (cause) {
      if (cause instanceof IpvscopeError) this.#wait(cause.toLine());
      else if (cause instanceof Error && 'syscall' in cause) this.#wait(cause.message);
      else throw cause;
    }
  }

  /** Stops the source and keeps its counts. */
  #detach(options: { readonly gone?: boolean } = {}): void {
    const { programs, ...counters } = this.#release(options);
    this.#former = {
      programs: programs.map((program) => ({ ...program, attached: false })),
      ...counters,
      watching: noSource.watching,
      unprovenCause: noSource.unprovenCause,
    };
  }

  /** Stops the source, if any; returns the summed state as it was until now. */
  #release(options: { readonly gone?: boolean } = {}): SourceState {
    const source = this.#source;
    this.#source = undefined;
    if (source === undefined) return this.#former;
    this.#options.onDetached();
    source.stop(options);
    return sum(this.#former, source.state());
  }

  #wait(reason: string): void {
    if (reason === this.#reason) return;
    this.#reason = reason;
    this.#options.onWaiting(reason);
  }
}

const lookedUp = (before: SourceState, now: LookedUp): LookedUp => ({
  packets: (before.lookedUp?.packets ?? 0) + now.packets,
  opening: (before.lookedUp?.opening ?? 0) + now.opening,
});

/** Adds the counts of both; what is attached is that of `now`. */
function sum(before: SourceState, now: SourceState): SourceState {
  const losses: Record<string, number> = { ...before.losses };
  for (const [cause, count] of Object.entries(now.losses)) {
    losses[cause] = (losses[cause] ?? 0) + count;
  }
  const key = ({ function: name, variant }: AttachedProgram): string => `${variant} ${name}`;
  const former = new Map(before.programs.map((program) => [key(program), program]));
  const programs = now.programs.map((program) => {
    const earlier = former.get(key(program))?.skippedRuns ?? 0;
    former.delete(key(program));
    return program.skippedRuns === undefined
      ? program
      : { ...program, skippedRuns: program.skippedRuns + earlier };
  });
  const failures = new Set([...(before.failures ?? []), ...(now.failures ?? [])]);
  return {
    programs: [...programs, ...former.values()],
    losses,
    detailDropped: before.detailDropped + now.detailDropped,
    kernelOverflow: before.kernelOverflow + now.kernelOverflow,
    ...(now.kernelMemory === undefined ? {} : { kernelMemory: now.kernelMemory }),
    ...(now.lookedUp === undefined ? {} : { lookedUp: lookedUp(before, now.lookedUp) }),
    ...(failures.size === 0 ? {} : { failures: [...failures] }),
    watching: now.watching,
    unprovenCause: now.unprovenCause,
    blindSeconds: before.blindSeconds + now.blindSeconds,
    blindCause: now.blindCause || before.blindCause,
    heartbeats: {
      seen: before.heartbeats.seen + now.heartbeats.seen,
      missed: before.heartbeats.missed + now.heartbeats.missed,
    },
  };
}
