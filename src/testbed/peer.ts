import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { IpvscopeError } from '../error.js';
import { programEnvironment } from '../exec/run.js';
import { namespaceName, type Role } from './namespaces.js';
import type { Answer, Ready } from './peer-protocol.js';

export interface PeerOptions {
  readonly role: Role;
  /** A module beside this one, to be run by Node. */
  readonly module: string;
  readonly args: readonly string[];
}

interface Waiting {
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** A process in one of the testbed's namespaces that speaks JSON lines over its standard streams. */
export class Peer {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #role: Role;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ready: Promise<Ready>;
  readonly #exited: Promise<unknown>;
  #becomeReady: Waiting | undefined;
  #lastId = 0;
  #ended: unknown;
  #stderr = '';

  /** Starts the process; `ready()` tells when it can be used. */
  constructor({ role, module, args }: PeerOptions) {
    this.#role = role;
    const path = fileURLToPath(new URL(module, import.meta.url));
    const command = ['netns', 'exec', namespaceName(role), process.execPath, path, ...args];
    this.#child = spawn('ip', command, { detached: true, env: programEnvironment() });
    this.#ready = new Promise((resolve, reject) => {
      this.#becomeReady = { resolve: (reply) => resolve(reply as Ready), reject };
    });
    // Whoever waits is told; when nobody does, that is no crash.
    this.#ready.catch(() => {});
    this.#exited = new Promise((resolve) => {
      this.#child.once('close', resolve).once('error', resolve);
    });
    this.#child.once('error', (cause) => this.#fail(cause.message));
    this.#child.once('close', (code, signal) => this.#fail(`exit ${signal ?? code}`));
    this.#child.stdin.on('error', () => {});
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-4096);
    });
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#hear(line));
  }

  ready(): Promise<Ready> {
    return this.#ready;
  }

  /** Throws when the peer could not do it, or is no more. */
  request(body: object): Promise<unknown> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.stdin.write(`${JSON.stringify({ id, ...body })}\n`);
    });
  }

  /** Ends the process; whoever still waits for it is given the reason. */
  async close(reason: unknown): Promise<void> {
    this.#end(reason);
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  #hear(line: string): void {
    const message = JSON.parse(line) as Ready | Answer<unknown>;
    if ('ready' in message) {
      this.#becomeReady?.resolve(message);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if ('error' in message) waiting?.reject(this.#error(message.error));
    else waiting?.resolve(message.reply);
  }

  #fail(why: string): void {
    const last = this.#stderr.trim().split('\n').at(-1) ?? '';
    this.#end(this.#error(last === '' ? why : last));
  }

  #end(error: unknown): void {
    this.#ended ??= error;
    this.#becomeReady?.reject(this.#ended);
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
  }

  #error(message: string): IpvscopeError {
    const log = this.#stderr.trim();
    return new IpvscopeError('ERR_SCENARIO_PEER', `the ${this.#role} peer: ${message}`, {
      step: 'peer',
      ...(log === '' ? {} : { log }),
    });
  }
}
