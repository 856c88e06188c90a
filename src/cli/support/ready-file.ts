import { lstatSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { describeErrno, IpvscopeError } from '../../error.js';

/**
 * A file that is there while every program of the probe is attached, and only then: whoever sees it
 * may send traffic. It holds this process's id, and is never seen empty.
 */
export class ReadyFile {
  readonly #path: string;
  readonly #draft: string;
  readonly #onExit = (): void => this.#removeQuietly();

  /**
   * Removes what an earlier process left, and makes sure that it can be written later.
   * Throws an IpvscopeError ERR_READY_FILE where it cannot.
   */
  constructor(path: string) {
    this.#path = path;
    this.#draft = `${path}.${process.pid}`;
    const what = lstatSync(path, { throwIfNoEntry: false });
    // Removing it would take a device or somebody's directory away.
    if (what !== undefined && !what.isFile()) throw this.#refused('it is not a regular file');
    this.#try(() => {
      rmSync(path, { force: true });
      this.#writeDraft();
      rmSync(this.#draft);
    });
    process.on('exit', this.#onExit);
  }

  /** Idempotent. */
  write(): void {
    this.#try(() => {
      this.#writeDraft();
      renameSync(this.#draft, this.#path);
    });
  }

  /** Idempotent. */
  remove(): void {
    this.#removeQuietly();
  }

  /** Removes the file, and forgets it. */
  close(): void {
    process.off('exit', this.#onExit);
    this.#removeQuietly();
  }

  #writeDraft(): void {
    writeFileSync(this.#draft, `${process.pid}\n`);
  }

  #removeQuietly(): void {
    try {
      rmSync(this.#draft, { force: true });
      rmSync(this.#path, { force: true });
    } catch {
      // Its directory became read-only: whoever starts next is told.
    }
  }

  #try(action: () => void): void {
    try {
      action();
    } catch (cause) {
      throw this.#refused(describeErrno(cause as NodeJS.ErrnoException), cause);
    }
  }

  #refused(reason: string, cause?: unknown): IpvscopeError {
    return new IpvscopeError(
      'ERR_READY_FILE',
      `cannot write the ready file ${this.#path}: ${reason}`,
      {
        hint: 'name a file in a directory that exists and can be written to',
        cause,
      },
    );
  }
}
