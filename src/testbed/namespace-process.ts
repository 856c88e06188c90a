import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { programEnvironment } from '../exec/run.js';
import { namespaceName, type Role } from './namespaces.js';

const STDERR_TAIL = 4096;

/**
 * A program in a network namespace of a testbed. It has a session of its own, so that Ctrl-C on the
 * terminal does not end it half-way.
 */
export class NamespaceProcess {
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #exited: Promise<void>;
  readonly #lines: string[] = [];
  #reading = false;
  #wake: () => void = () => {};
  #exitReason: string | undefined;
  #log = '';

  constructor(role: Role, command: readonly string[]) {
    this.#child = spawn('ip', ['netns', 'exec', namespaceName(role), ...command], {
      detached: true,
      env: programEnvironment(),
    });
    this.stdout = this.#child.stdout.setEncoding('utf8');
    this.stderr = this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#log = (this.#log + text).slice(-STDERR_TAIL);
    });
    // A program that ends before it has read everything says why in its exit code.
    this.#child.stdin.on('error', () => {});
    this.#exited = new Promise((resolve) => {
      const end = (reason: string): void => {
        this.#exitReason ??= reason;
        this.#wake();
        resolve();
      };
      this.#child.once('error', ({ message }) => end(message));
      this.#child.once('close', (code, signal) => end(`exit ${signal ?? code}`));
    });
  }

  /** Resolves when the program has ended and its output is complete. */
  get exited(): Promise<void> {
    return this.#exited;
  }

  get hasExited(): boolean {
    return this.#exitReason !== undefined;
  }

  /** The last 4 KiB of standard error, trimmed. */
  get log(): string {
    return this.#log.trim();
  }

  /** The last line of standard error; else how the program ended. */
  get lastWords(): string {
    return this.log.split('\n').at(-1) || (this.#exitReason ?? '');
  }

  write(text: string): void {
    this.#child.stdin.write(text);
  }

  endInput(): void {
    this.#child.stdin.end();
  }

  /** The next line of standard output; undefined at its end. */
  async nextLine(): Promise<string | undefined> {
    if (!this.#reading) {
      this.#reading = true;
      createInterface({ input: this.stdout }).on('line', (line) => {
        this.#lines.push(line);
        this.#wake();
      });
    }
    while (this.#lines.length === 0 && !this.hasExited) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#lines.shift();
  }

  /** Ends the program. Idempotent. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.#child.kill(signal);
    await this.#exited;
  }
}
