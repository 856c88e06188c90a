import { IpvscopeError } from '../error.js';
import type { Attachment } from '../native/attachment.js';
import type { RecordBatch } from '../wire/batch.js';
import {
  type AttachedProgram,
  type EventSource,
  noSource,
  type SourceState,
} from './event-source.js';

/** A source that is attached until it is stopped, and says how. */
export interface AttachedSource extends EventSource {
  readonly attachment: Attachment;
  /** `gone`: so is the module that it was attached to, and there is nothing to see there any more. */
  stop(options?: { readonly gone?: boolean }): void;
}

export interface WatchedOptions {
  /** Attaches anew. Throws an IpvscopeError, with nothing left behind, when that is not possible. */
  readonly attach: () => AttachedSource;
  /** Which loading of ip_vs there is now; undefined while there is none. */
  readonly instance: () => string | undefined;
  readonly onAttached: (attachment: Attachment) => void;
  /** The module is gone, or never was there, or attaching to it failed: it is tried again. */
  readonly onWaiting: (reason: string) => void;
}

const LOOK_MS = 1_000;

/**
 * The probe on a kernel whose module ip_vs may come, go and come back. What was counted before it
 * went stays counted. (fentry and fexit keep the module from going; kprobes do not.)
 */
export class WatchedSource implements EventSource {
  readonly #options: WatchedOptions;
  #onBatch: ((batch: RecordBatch) => void) | undefined;
  #source: AttachedSource | undefined;
  #instance: string | undefined;
  /** What former attachments came to. */
  #before: SourceState = noSource;
  #timer: NodeJS.Timeout | undefined;
  #reason: string | undefined;

  constructor(options: WatchedOptions) {
    this.#options = options;
  }

  /** With `wait`, waits for ip_vs where there is none; else throws what keeps it from attaching. */
  start(onBatch: (batch: RecordBatch) => void, { wait = false } = {}): void {
    this.#onBatch = onBatch;
    if (wait && this.#options.instance() === undefined) this.#wait('ip_vs is not loaded');
    else this.#attach();
    this.#lookLater();
  }

  state(): SourceState {
    const now = this.#source?.state();
    return now === undefined ? this.#before : added(this.#before, now);
  }

  flush(): void {
    this.#source?.flush();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#before = this.#letGo();
  }

  #attach(): void {
    const instance = this.#options.instance();
    const source = this.#options.attach();
    this.#source = source;
    this.#instance = instance;
    this.#reason = undefined;
    source.start((batch) => this.#onBatch?.(batch));
    this.#options.onAttached(source.attachment);
  }

  #lookLater(): void {
    // These keep the module from going: nobody need look any more.
    if (this.#source?.attachment.variant === 'fexit') return;
    this.#timer = setTimeout(() => {
      this.#look();
      this.#lookLater();
    }, LOOK_MS);
  }

  #look(): void {
    const instance = this.#options.instance();
    if (this.#source !== undefined) {
      if (instance === this.#instance) return;
      const { programs, ...counters } = this.#letGo({ gone: true });
      // With the module went every probe on it.
      this.#before = {
        programs: programs.map((program) => ({ ...program, attached: false })),
        ...counters,
        watching: noSource.watching,
        unprovenCause: noSource.unprovenCause,
      };
    }
    if (instance === undefined) {
      this.#wait('ip_vs is not loaded');
      return;
    }
    try {
      this.#attach();
    } catch (cause) {
      if (!(cause instanceof IpvscopeError)) throw cause;
      this.#wait(cause.toLine());
    }
  }

  /** Stops the source, if any; returns what all came to, as it was until now. */
  #letGo(options: { readonly gone?: boolean } = {}): SourceState {
    const source = this.#source;
    this.#source = undefined;
    if (source === undefined) return this.#before;
    source.stop(options);
    return added(this.#before, source.state());
  }

  #wait(reason: string): void {
    if (reason === this.#reason) return;
    this.#reason = reason;
    this.#options.onWaiting(reason);
  }
}

/** Both together; attached is what is attached now. */
function added(before: SourceState, now: SourceState): SourceState {
  const losses: Record<string, number> = { ...before.losses };
  for (const [cause, count] of Object.entries(now.losses)) {
    losses[cause] = (losses[cause] ?? 0) + count;
  }
  const key = ({ function: name, variant }: AttachedProgram): string => `${variant} ${name}`;
  const former = new Map(before.programs.map((program) => [key(program), program]));
  const programs = now.programs.map((program) => {
    const earlier = former.get(key(program))?.misses ?? 0;
    former.delete(key(program));
    return program.misses === undefined
      ? program
      : { ...program, misses: program.misses + earlier };
  });
  return {
    programs: [...programs, ...former.values()],
    losses,
    shed: before.shed + now.shed,
    folded: before.folded + now.folded,
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
