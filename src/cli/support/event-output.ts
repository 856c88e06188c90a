import type { StandardStream } from './standard-streams.js';

/**
 * Bytes a write: PIPE_BUF. A pipe takes such a write whole or not at all (pipe(7)), so what was not
 * written is known to the event, and a reader never sees half a line.
 */
const CHUNK_BYTES = 4096;

interface Chunk {
  readonly bytes: Buffer;
  /** Whose events it holds. */
  readonly packets: number;
}

/**
 * Lines of events on their way to a reader who may be slower than they come, or not there at all:
 * a queue of bounded size that knows how many packets' events were not written.
 */
export class EventOutput {
  readonly #to: StandardStream;
  readonly #most: number;
  readonly #queue: Chunk[] = [];
  #queued = 0;
  #text = '';
  #packets = 0;
  #writing = false;
  #writeAtMs = 0;
  #closed = false;
  #notWritten = 0;
  readonly #waiting: { readonly below: number; readonly resolve: () => void }[] = [];

  /** `most`: bytes to keep for the reader; lines beyond are not accepted. */
  constructor(to: StandardStream, most: number) {
    this.#to = to;
    this.#most = most;
    to.stream.on('error', () => this.close());
  }

  /** Whether lines are accepted now. */
  get accepts(): boolean {
    return !this.#closed && this.#queued < this.#most;
  }

  /** Bytes that are accepted and not yet written. */
  get queued(): number {
    return this.#queued;
  }

  /** How long the reader has taken nothing of what waits for it, in milliseconds. */
  get waitingMs(): number {
    return this.#writing ? performance.now() - this.#writeAtMs : 0;
  }

  /** Packets whose events were not written; to be asked when it is closed. */
  get notWritten(): number {
    return this.#notWritten;
  }

  /** One line, without its end, with the events of so many packets. */
  line(text: string, packets: number): void {
    if (this.#text.length + text.length >= CHUNK_BYTES) this.flush();
    this.#text += `${text}\n`;
    this.#packets += packets;
  }

  /** An event that is not written. */
  skip(packets: number): void {
    this.#notWritten += packets;
  }

  /** Starts writing what there is. */
  flush(): void {
    if (this.#text === '') return;
    const bytes = Buffer.from(this.#text);
    if (this.#closed) {
      this.#notWritten += this.#packets;
    } else {
      this.#queue.push({ bytes, packets: this.#packets });
      this.#queued += bytes.length;
    }
    this.#text = '';
    this.#packets = 0;
    this.#write();
  }

  /** Resolves once at most `below` bytes are queued, or it is closed. */
  async drained(below: number): Promise<void> {
    if (this.#closed || this.#queued <= below) return;
    await new Promise<void>((resolve) => this.#waiting.push({ below, resolve }));
  }

  /** Gives up what is not written. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.flush();
    this.#closed = true;
    // A write that has begun counts as well: nobody has taken it.
    for (const { packets } of this.#queue.splice(0)) this.#notWritten += packets;
    if (this.#queued > 0) this.#to.abandon();
    this.#queued = 0;
    this.#wake();
  }

  #write(): void {
    const [chunk] = this.#queue;
    if (this.#writing || chunk === undefined) return;
    this.#writing = true;
    this.#writeAtMs = performance.now();
    this.#to.stream.write(chunk.bytes, (error) => {
      this.#writing = false;
      if (error) {
        this.close();
        return;
      }
      if (this.#closed) return;
      this.#queue.shift();
      this.#queued -= chunk.bytes.length;
      this.#wake();
      this.#write();
    });
  }

  #wake(): void {
    const due = this.#waiting.filter(({ below }) => this.#closed || this.#queued <= below);
    for (const waiter of due) {
      this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
      waiter.resolve();
    }
  }
}
