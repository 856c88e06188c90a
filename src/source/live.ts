import { Session, type SessionOptions } from '../native/session.js';
import { RecordBatch } from '../wire/batch.js';
import type { EventSource, SourceState } from './event-source.js';

/** The running kernel: the probe's records as they come. */
export class LiveSource implements EventSource {
  readonly #session: Session;
  readonly #batch: RecordBatch;
  #onBatch: ((batch: RecordBatch) => void) | undefined;
  #last: SourceState | undefined;

  /** Attaches. Throws an IpvscopeError, with nothing left behind, when that is not possible. */
  constructor(options: SessionOptions = {}) {
    this.#session = new Session(options);
    this.#batch = new RecordBatch(this.#session.bytes);
    this.#session.open();
  }

  start(onBatch: (batch: RecordBatch) => void): void {
    this.#onBatch = onBatch;
    this.#session.start((records) => this.#deliver(records));
  }

  state(): SourceState {
    return (
      this.#last ?? { programs: this.#session.programs(), losses: { ...this.#session.losses() } }
    );
  }

  flush(): void {
    if (this.#last !== undefined) return;
    for (let records = this.#session.drain(); records > 0; records = this.#session.drain()) {
      this.#deliver(records);
    }
  }

  stop(): void {
    if (this.#last !== undefined) return;
    // Read while attached: what `state()` says afterwards is how it was until the end.
    const { programs } = this.state();
    this.#session.detach();
    this.flush();
    this.#last = { programs, losses: { ...this.#session.losses() } };
    this.#session.close();
  }

  #deliver(records: number): void {
    this.#batch.count = records;
    this.#onBatch?.(this.#batch);
  }
}
