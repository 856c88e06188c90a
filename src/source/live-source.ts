import { IpvscopeError } from '../error.js';
import type { Attachment } from '../native/attachment.js';
import { switchesOff } from '../native/kernel-switches.js';
import { type Counters, Session, type SessionOptions } from '../native/session.js';
import type { OnBatch } from '../record/record-batch.js';
import type { ServiceKey } from '../services/virtual-service.js';
import type { EventSource, Sight, SourceState } from './event-source.js';
import { Heartbeat } from './heartbeat.js';
import { openFirst } from './open-first.js';

/** How long a packet whose exit was not seen may keep the probe's gate open. */
const SWEEP_MS = 10_000;

export interface LiveOptions extends Omit<SessionOptions, 'attachment'> {
  /** Tried one after another until one succeeds. */
  readonly attachments: readonly Attachment[];
  /** Called for each attachment that the kernel refused while another is left to try. */
  readonly onRefused?: (attachment: Attachment, error: IpvscopeError) => void;
  /** Called when the probe becomes blind, and when it sees again; not for the state at the start. */
  readonly onSight?: (sight: Sight) => void;
}

/** Delivers the records of a probe on the running kernel. */
export class LiveSource implements EventSource {
  /** How it is attached. */
  readonly attachment: Attachment;
  readonly #session: Session;
  /** Constant: all of it is allocated when the session opens. */
  readonly #kernelMemory: number;
  readonly #heartbeat: Heartbeat;
  #onBatch: OnBatch = () => undefined;
  #last: SourceState | undefined;
  /** As read last: reported at the end where they cannot be read then. */
  #counters: Counters | undefined;
  readonly #failures = new Set<string>();
  #sweep: NodeJS.Timeout | undefined;

  /** Attaches. Throws an IpvscopeError, with nothing left behind, where none of the attachments works. */
  constructor(options: LiveOptions) {
    const { attachments, onRefused, ...sessionOptions } = options;
    const open = (attachment: Attachment): Session => {
      const session = new Session({ ...sessionOptions, attachment });
      session.open();
      return session;
    };
    const { opened: session, attachment } = openFirst(attachments, open, onRefused);
    this.#session = session;
    this.#kernelMemory = session.kernelMemory();
    this.attachment = attachment;
    this.#heartbeat = new Heartbeat({
      beat: () => session.beat(),
      switchesOff: () => switchesOff(attachment.variant),
      ...(options.onSight === undefined ? {} : { onChange: options.onSight }),
    });
  }

  start(onBatch: OnBatch, onError?: (error: IpvscopeError) => void): void {
    this.#onBatch = onBatch;
    const fail = (error: IpvscopeError): void => {
      clearInterval(this.#sweep);
      this.#failures.add(error.toLine());
      if (onError === undefined) throw error;
      onError(error);
    };
    this.#session.start(onBatch, fail);
    this.#heartbeat.start();
    // Reading the counters expires packets whose exit was not seen; see Session.counters().
    this.#sweep = setInterval(() => {
      try {
        this.#readCounters();
      } catch (cause) {
        if (!(cause instanceof IpvscopeError)) throw cause;
        fail(cause);
      }
    }, SWEEP_MS).unref();
  }

  state(): SourceState {
    return this.#last ?? this.#stateNow();
  }

  /** See Session.setServices(). */
  setServices(services: readonly ServiceKey[]): number {
    return this.#last === undefined ? this.#session.setServices(services) : 0;
  }

  /** See Session.generate(). */
  generate(first: number, count: number, keys: number): void {
    this.#session.generate(first, count, keys);
  }

  /** Whether anything was aggregated that is not delivered yet. */
  get hasAggregates(): boolean {
    return this.#last === undefined && this.#session.hasAggregates();
  }

  flush(): void {
    if (this.#last === undefined) this.#session.readAll(this.#onBatch);
  }

  /** `gone`: the module was unloaded, and no heartbeat can be sent. */
  stop({ gone = false } = {}): void {
    if (this.#last !== undefined) return;
    clearInterval(this.#sweep);
    this.#heartbeat.stop();
    const attached = new Map<string, boolean>();
    try {
      // Settles whether the probe saw until now.
      if (!gone) this.#heartbeat.settle();
      this.#attempt(() => {
        for (const { name, attached: is } of this.#session.programs()) attached.set(name, is);
      });
      this.#attempt(() => this.#session.detach());
      this.#attempt(() => this.flush());
      this.#attempt(() => this.#readCounters());
      this.#last = this.#stateAtEnd(attached);
    } finally {
      this.#session.close();
    }
  }

  /** Records a failed read and continues: what can be read after it still is. */
  #attempt<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (cause) {
      if (!(cause instanceof IpvscopeError)) throw cause;
      this.#failures.add(cause.toLine());
      return undefined;
    }
  }

  #readCounters(): Counters {
    this.#counters = this.#session.counters();
    return this.#counters;
  }

  #stateNow(): SourceState {
    const { losses, detailDropped, kernelOverflow, lookedUp } = this.#readCounters();
    return {
      programs: this.#session.programs(),
      losses: { ...losses },
      detailDropped,
      kernelOverflow,
      lookedUp,
      kernelMemory: this.#kernelMemory,
      ...this.#heartbeat.sight(),
    };
  }

  /** Returns the state as it was before `stop()`. */
  #stateAtEnd(attached: ReadonlyMap<string, boolean>): SourceState {
    const programs = this.#attempt(() => this.#session.programs()) ?? [];
    const { losses = {}, detailDropped = 0, kernelOverflow = 0, lookedUp } = this.#counters ?? {};
    return {
      programs: programs.map((program) => ({
        ...program,
        attached: attached.get(program.name) === true,
      })),
      losses: { ...losses },
      detailDropped,
      kernelOverflow,
      ...(lookedUp === undefined ? {} : { lookedUp }),
      ...this.#heartbeat.sight(),
      ...(this.#failures.size === 0 ? {} : { failures: [...this.#failures] }),
    };
  }
}
