import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { namespaceName, type Role } from '../../../src/testbed/namespaces.js';

/** A program in a namespace that says lines, and ends with its standard input. */
export class Spoken {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #closed: Promise<unknown>;
  readonly #lines: string[] = [];
  #wake: () => void = () => {};
  #stderr = '';
  #ended = false;

  constructor(role: Role, command: readonly string[]) {
    this.#child = spawn('ip', ['netns', 'exec', namespaceName(role), ...command]);
    this.#child.stdin.on('error', () => {});
    this.#child.stderr.on('data', (text: Buffer) => {
      this.#stderr += text.toString();
    });
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.#lines.push(line);
      this.#wake();
    });
    this.#closed = once(this.#child, 'close').then(() => {
      this.#ended = true;
      this.#wake();
    });
  }

  write(text: string): void {
    this.#child.stdin.write(text);
  }

  /** The next line; throws when the program ends instead. */
  async line(): Promise<string> {
    while (this.#lines.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const line = this.#lines.shift();
    if (line === undefined) throw new Error(`the program ended: ${this.#stderr}`);
    return line;
  }

  endInput(): void {
    this.#child.stdin.end();
  }

  async close(): Promise<void> {
    this.endInput();
    await this.#closed;
  }
}
