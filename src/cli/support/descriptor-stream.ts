import { writeSync } from 'node:fs';
import { Writable } from 'node:stream';

/** How often a terminal that took nothing is tried again. */
const RETRY_MS = 20;

/**
 * Writes to a descriptor that libuv has no stream for: a regular file, a device, a terminal opened
 * with O_NONBLOCK. A short write is continued, so that a disk that fills up is an error and not a
 * line cut short; where the descriptor takes nothing (EAGAIN), the rest is written later.
 */
export class DescriptorStream extends Writable {
  readonly #descriptor: number;
  #retry: NodeJS.Timeout | undefined;

  /** The descriptor stays the caller's. */
  constructor(descriptor: number) {
    super({ decodeStrings: true });
    this.#descriptor = descriptor;
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.#writeFrom(chunk, 0, done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#retry);
    done(error);
  }

  #writeFrom(chunk: Buffer, start: number, done: (error?: Error) => void): void {
    let at = start;
    try {
      while (at < chunk.length) at += writeSync(this.#descriptor, chunk, at);
    } catch (cause) {
      const error = cause as NodeJS.ErrnoException;
      if (error.code === 'EAGAIN') {
        this.#retry = setTimeout(() => this.#writeFrom(chunk, at, done), RETRY_MS);
      } else {
        done(error);
      }
      return;
    }
    done();
  }
}
