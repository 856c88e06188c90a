import { constants, fstatSync, openSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { isatty } from 'node:tty';
import { describeErrno } from '../../error.js';
import { DescriptorStream } from './descriptor-stream.js';

/** Standard output or standard error, written to without ever blocking this thread on a reader. */
export class StandardStream {
  readonly name: string;
  readonly stream: Writable;
  #failure: NodeJS.ErrnoException | undefined;
  #abandoned = false;

  constructor(descriptor: 1 | 2) {
    this.name = descriptor === 1 ? 'standard output' : 'standard error';
    this.stream = open(descriptor);
    this.stream.on('error', (error: NodeJS.ErrnoException) => {
      this.#failure ??= error;
    });
  }

  /** The first error of a write, where there was one. */
  get failure(): NodeJS.ErrnoException | undefined {
    return this.#failure;
  }

  /** Whether the reader went away, as `head` does once it has its lines: no trouble. */
  get readerGone(): boolean {
    return this.#failure?.code === 'EPIPE';
  }

  /** What was lost by a failed write, as an errno's text; undefined where nothing was. */
  get trouble(): string | undefined {
    if (this.#failure === undefined || this.readerGone) return undefined;
    return describeErrno(this.#failure);
  }

  /** Whether what is not written yet is to be left, because it was told that it is. */
  get abandoned(): boolean {
    return this.#abandoned;
  }

  abandon(): void {
    this.#abandoned = true;
  }

  write(text: string): void {
    if (this.#failure === undefined) this.stream.write(text);
  }

  /** Resolves once all that was written has been taken, has failed, or `most` milliseconds passed. */
  async flushed(most?: number): Promise<void> {
    const { stream } = this;
    if (this.#failure !== undefined) return;
    await new Promise<void>((resolve) => {
      const timer = most === undefined ? undefined : setTimeout(resolve, most);
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      stream.write('', done);
      stream.once('error', done);
    });
  }
}

let stdout: StandardStream | undefined;
let stderr: StandardStream | undefined;

/** This process's standard output. Made when first asked for. */
export const standardOutput = (): StandardStream => {
  stdout ??= new StandardStream(1);
  return stdout;
};

/** This process's standard error. Made when first asked for. */
export const standardError = (): StandardStream => {
  stderr ??= new StandardStream(2);
  return stderr;
};

/** Bytes kept for a reader of standard error that does not read. */
const MAX_UNREAD = 64 << 10;

/** Writes lines to standard error: logs and reports, so that stdout carries events alone. */
export function writeError(lines: string): void {
  const error = standardError();
  if (error.stream.writableLength < MAX_UNREAD) error.write(lines);
}

/**
 * Node's own streams serve pipes and sockets, which they make non-blocking. They write to terminals
 * and files synchronously: a stopped terminal (Ctrl-S, a detached `docker run -t`) would block every
 * signal handler with it, and a short write to a disk that is nearly full would go unnoticed.
 */
function open(descriptor: 1 | 2): Writable {
  const own = (): Writable => (descriptor === 1 ? process.stdout : process.stderr);
  if (isatty(descriptor)) {
    try {
      // A description of its own: the terminal's other users keep theirs as it is.
      const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
      const path = `/proc/self/fd/${descriptor}`;
      return new DescriptorStream(openSync(path, O_WRONLY | O_NONBLOCK | O_NOCTTY));
    } catch {
      return own();
    }
  }
  try {
    const file = fstatSync(descriptor);
    return file.isFIFO() || file.isSocket() ? own() : new DescriptorStream(descriptor);
  } catch {
    return own();
  }
}
