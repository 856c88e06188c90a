import { ExitCode, IpvscopeError } from '../error.js';
import type { Attachment } from '../native/attachment.js';
import { type ProgramState, Session, type SessionOptions } from '../native/session.js';
import { switchesOff } from '../native/switches.js';
import { RecordBatch } from '../wire/batch.js';
import type { EventSource, Sight, SourceState } from './event-source.js';
import { Heartbeat } from './heartbeat.js';

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
  readonly #batch: RecordBatch;
  readonly #heartbeat: Heartbeat;
  #onBatch: ((batch: RecordBatch) => void) | undefined;
  #last: SourceState | undefined;
  #delivering = false;
  #sweep: NodeJS.Timeout | undefined;

  /** Attaches. Throws an IpvscopeError, with nothing left behind, when that is not possible. */
  constructor(options: LiveOptions) {
    const { session, attachment } = openFirst(options);
    this.#session = session;
    this.#batch = new RecordBatch(session.bytes);
    this.attachment = attachment;
    this.#heartbeat = new Heartbeat({
      beat: () => session.beat(),
      switchesOff: () => switchesOff(attachment.variant),
      ...(options.onSight === undefined ? {} : { onChange: options.onSight }),
    });
  }

  start(onBatch: (batch: RecordBatch) => void): void {
    this.#onBatch = onBatch;
    this.#session.start((records) => this.#deliver(records));
    this.#heartbeat.start();
    // Reading the counters gives up packets whose exit was not seen; see Session.counters().
    this.#sweep = setInterval(() => this.#session.counters(), SWEEP_MS).unref();
  }

  state(): SourceState {
    return this.#last ?? stateOf(this.#session, this.#heartbeat.sight());
  }

  /** Whether anything was added up that is yet to be delivered. */
  get adding(): boolean {
    return this.#last === undefined && this.#session.adding();
  }

  flush(): void {
    // From inside a batch the next one would be written over it; it comes by itself.
    if (this.#last !== undefined || this.#delivering) return;
    // One that did not fill the buffer was the last: what comes while it is delivered comes later.
    let records = this.#batch.capacity;
    while (records === this.#batch.capacity) {
      records = this.#session.drain();
      if (records > 0) this.#deliver(records);
    }
    this.#readCoalesced();
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
      for (const program of this.#session.programs()) attached.set(program.name, program.attached);
      this.#session.detach();
    } finally {
      this.#finish(attached);
    }
  }

  /** Delivers the rest; what `state()` says from then on is how it was until the end. */
  #finish(attached: ReadonlyMap<string, boolean>): void {
    try {
      this.flush();
      // The table that was in use until now.
      this.#readCoalesced();
      const { programs, ...counters } = stateOf(this.#session, this.#heartbeat.sight());
      this.#last = {
        programs: programs.map((program) => ({
          ...program,
          attached: attached.get(program.name) === true,
        })),
        ...counters,
      };
    } finally {
      this.#session.close();
    }
  }

  #readCoalesced(): void {
    if (this.#last !== undefined || this.#delivering) return;
    for (
      let records = this.#session.coalesced();
      records > 0;
      records = this.#session.coalesced()
    ) {
      this.#deliver(records);
    }
  }

  #deliver(records: number): void {
    this.#batch.count = records;
    this.#delivering = true;
    try {
      this.#onBatch?.(this.#batch);
    } finally {
      this.#delivering = false;
    }
  }
}

interface LiveState extends SourceState {
  readonly programs: readonly ProgramState[];
}

const stateOf = (session: Session, sight: Sight): LiveState => {
  const { losses, shed, folded } = session.counters();
  return { programs: session.programs(), losses: { ...losses }, shed, folded, ...sight };
};

function openFirst({ attachments, onRefused, ...options }: LiveOptions): {
  session: Session;
  attachment: Attachment;
} {
  let refusal: unknown;
  for (const [index, attachment] of attachments.entries()) {
    const session = new Session({ ...options, attachment });
    try {
      session.open();
      return { session, attachment };
    } catch (cause) {
      refusal = cause;
      const refused = cause instanceof IpvscopeError && cause.exitCode === ExitCode.prerequisite;
      if (!refused || index + 1 === attachments.length) break;
      onRefused?.(attachment, cause);
    }
  }
  throw refusal;
}
