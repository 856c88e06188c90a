import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { ExitCode, IpvscopeError } from '../../src/error.js';
import {
  type Cost,
  formatRound,
  parseCost,
  parseTotals,
  READY,
  type Round,
  TOTALS,
  type Totals,
} from './protocol.js';

/** How to start a peer: the program and its arguments. */
export type Command = readonly [file: string, ...args: string[]];

/**
 * The process of one row. It lives for the whole benchmark and works only while a request waits for
 * its answer, so that no two peers ever run at the same time. What it has to complain about it writes
 * to standard error.
 */
export class Peer {
  readonly #name: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #exit: Promise<unknown[]>;
  readonly #answers: AsyncIterator<string>;

  private constructor(name: string, [file, ...args]: Command) {
    this.#name = name;
    this.#child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    // A peer that ended is noticed by the answer that does not come.
    this.#child.stdin.on('error', () => {});
    this.#exit = once(this.#child, 'close');
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Returns when the peer has its ring. Throws as its requests do. */
  static async start(name: string, command: Command): Promise<Peer> {
    const peer = new Peer(name, command);
    const answer = await peer.#answer();
    if (answer !== READY) throw peer.#failure(`said '${answer}' first`, ExitCode.trouble);
    return peer;
  }

  /** Throws an IpvscopeError ERR_BENCH_PEER, with the peer's exit code, when the peer ended. */
  async round(round: Round): Promise<Cost> {
    return parseCost(await this.#ask(formatRound(round)));
  }

  /** Throws as `round` does. */
  async totals(): Promise<Totals> {
    return parseTotals(await this.#ask(TOTALS));
  }

  async stop(): Promise<void> {
    this.#child.stdin.end();
    await this.#exit;
  }

  #ask(request: string): Promise<string> {
    this.#child.stdin.write(`${request}\n`);
    return this.#answer();
  }

  async #answer(): Promise<string> {
    const answer = await this.#answers.next();
    if (answer.done !== true) return answer.value;
    const [code, signal] = await this.#exit;
    const exitCode = code === ExitCode.prerequisite ? ExitCode.prerequisite : ExitCode.trouble;
    throw this.#failure(`ended with ${signal ?? `exit code ${code}`}`, exitCode);
  }

  #failure(what: string, exitCode: ExitCode): IpvscopeError {
    return new IpvscopeError('ERR_BENCH_PEER', `'${this.#name}' ${what}`, { exitCode });
  }
}
