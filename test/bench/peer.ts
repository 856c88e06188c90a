import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { ExitCode } from '../../src/error.js';
import { BenchError } from './bench-error.js';
import { goFirst } from './priority.js';

/** How to start a peer: the program and its arguments. */
export type Command = readonly [file: string, ...args: string[]];

/**
 * A process that the benchmark measures, or that works for it. It says one line when it is ready,
 * and then answers each line on its standard input with one on its standard output. What it has to
 * complain about it writes to standard error. It ends with its input: none outlives the benchmark.
 */
export class Peer {
  readonly #name: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #exit: Promise<unknown>;
  readonly #answers: AsyncIterator<string>;
  #end: string | undefined;
  #exitCode: ExitCode = ExitCode.trouble;

  private constructor(name: string, [file, ...args]: Command, signal: AbortSignal) {
    this.#name = name;
    // A session of its own has a priority of its own; Ctrl-C comes to it by the signal.
    this.#child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'], detached: true, signal });
    if (this.#child.pid !== undefined) goFirst(this.#child.pid);
    // A peer that ended is noticed by the answer that does not come.
    this.#child.stdin.on('error', () => {});
    this.#child.on('error', ({ message }) => {
      this.#end ??= message;
    });
    this.#child.on('exit', (code, killed) => {
      this.#end ??= `ended with ${killed ?? `exit code ${code}`}`;
      if (code === ExitCode.prerequisite) this.#exitCode = code;
    });
    this.#exit = once(this.#child, 'close').catch(() => {});
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /**
   * Returns when the peer has said its first line, with what `parse` made of it. Throws as `ask`
   * does.
   */
  static async start<Ready>(
    name: string,
    command: Command,
    signal: AbortSignal,
    parse: (line: string) => Ready,
  ): Promise<{ peer: Peer; ready: Ready }> {
    const peer = new Peer(name, command, signal);
    try {
      return { peer, ready: parse(await peer.#answer()) };
    } catch (error) {
      await peer.stop();
      throw error;
    }
  }

  /** Undefined where it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Throws an IpvscopeError ERR_BENCH_PEER, with the peer's exit code, when the peer ended. */
  ask(request: string): Promise<string> {
    this.#child.stdin.write(`${request}\n`);
    return this.#answer();
  }

  async stop(): Promise<void> {
    this.#child.stdin.end();
    await this.#exit;
  }

  async #answer(): Promise<string> {
    const answer = await this.#answers.next();
    if (answer.done !== true) return answer.value;
    await this.#exit;
    throw new BenchError('ERR_BENCH_PEER', `'${this.#name}' ${this.#end ?? 'ended'}`, {
      exitCode: this.#exitCode,
    });
  }
}
