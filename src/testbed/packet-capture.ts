import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { IpvscopeError } from '../error.js';
import { programEnvironment } from '../exec/run.js';
import { namespaceName, type Role } from './namespaces.js';
import { CAPTURE_FILTER, MARK, packetsLost } from './tcpdump-lines.js';

export interface PacketCaptureOptions {
  /** Whose leg it is; the director's unless told. */
  readonly role?: Role;
  /** What is captured beside marks, which are datagrams; opening packets unless told. */
  readonly filter?: string;
}

/** tcpdump on one leg of a namespace. */
export class PacketCapture {
  readonly lines: string[] = [];
  readonly #leg: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #waiters = new Set<() => void>();
  #marks = 0;
  #listening = false;
  #ended = false;
  #stderr = '';

  /** Starts capturing; `listening()` tells from when on nothing is missed. */
  constructor(
    leg: string,
    { role = 'director', filter = CAPTURE_FILTER }: PacketCaptureOptions = {},
  ) {
    this.#leg = leg;
    const command = ['tcpdump', '-i', leg, '-nn', '-S', '-tt', '-l', '--immediate-mode'];
    const child = spawn('ip', ['netns', 'exec', namespaceName(role), ...command, filter], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: programEnvironment(),
    });
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      const end = (): void => {
        this.#ended = true;
        this.#wake();
        resolve();
      };
      child.once('close', end).once('error', end);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
      this.#listening ||= this.#stderr.includes('listening on');
      this.#wake();
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (MARK.test(line)) this.#marks++;
      else this.lines.push(line);
      this.#wake();
    });
  }

  listening(): Promise<void> {
    return this.#until(() => this.#listening);
  }

  /** Every packet up to the mark of that number, counted from 1, is in `lines`. */
  marked(count: number): Promise<void> {
    return this.#until(() => this.#marks >= count);
  }

  /** Ends the capture in good order and gives how many packets it lost. */
  async stop(): Promise<number> {
    this.#child.kill('SIGINT');
    await this.#exited;
    return packetsLost(this.#stderr);
  }

  /** Ends it at once. */
  async close(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }

  #until(reached: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (!reached() && !this.#ended) return;
        this.#waiters.delete(look);
        if (reached()) resolve();
        else reject(this.#error());
      };
      this.#waiters.add(look);
      look();
    });
  }

  #error(): IpvscopeError {
    const log = this.#stderr.trim();
    return new IpvscopeError('ERR_SCENARIO_WITNESS', `tcpdump ended on ${this.#leg}`, {
      step: 'capture',
      ...(log === '' ? {} : { log }),
    });
  }
}
