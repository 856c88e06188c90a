import { IpvscopeError } from '../error.js';
import type { Attachment } from '../native/attachment.js';
import { switchesOff } from '../native/kernel-switches.js';
import { type Counters, Session, type SessionOptions } from '../native/session.js';
import type { OnBatch } from '../record/record-batch.js';
import type { ServiceKey } from '../services/virtual-service.js';
import type { EventSource, Sight, SourceState } from './event-source.js';
import { Heartbeat } from './heartbeat.js';
import { openFirst } from './open-first.js';

/** How long a packet that was never seen to leave may keep the probe's gate open. */
const SWEEP_MS = 10_000;

export interface LiveOptions extends Omit<SessionOptions, 'attachment'> {
  /** Tried one after another until one succeeds. */
  readonly attachments: readonly Attachment[];
  /** Told of each that the kernel refused while there was another to try. */
  readonly onRefused?: (attachment: Attachment, error: IpvscopeError) => void;
  /** Told when the probe sees no more, or sees again; not of how it is when it starts. */
  readonly onSight?: (sight: Sight) => void;
}

/** The running kernel: the probe's records as they come. */
export class LiveSource implements EventSource {
  /** How it is attached. */
  readonly attachment: Attachment;
  readonly #session: Session;
  /** All of it is there from the start. */
  readonly #kernelMemory: number;
  readonly #heartbeat: Heartbeat;
  #onBatch: OnBatch = () => undefined;
  #last: SourceState | undefined;
  /** As read last: what it says at the end where they cannot be read then. */
  #counters: Counters | undefined;
  readonly #failures = new Set<string>();
  #sweep: NodeJS.Timeout | undefined;

  /** Attaches. Throws an IpvscopeError, with nothing left behind, when that is not possible. */
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
    // Reading the counters gives up packets whose exit was not seen; see Session.counters().
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

  /** Whether anything was added up that is yet to be delivered. */
  get hasAggregates(): boolean {
    return this.#last === undefined && this.#session.hasAggregates();
  }

  flush(): void {
    if (this.#last === undefined) this.#session.readAll(this.#onBatch);
  }

  /** `gone`: the module is not there any more. */
  stop({ gone = false } = {}): void {
    if (this.#last !== undefined) return;
    clearInterval(this.#sweep);
    this.#heartbeat.stop();
    const attached = new Map<string, boolean>();
    try {
      // Whether it saw until now.
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

  /** Goes on where the kernel refuses to be read: what can be read after that still is. */
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

  /** How it was until the end. */
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
