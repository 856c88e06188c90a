import { fileURLToPath } from 'node:url';
import { IpvscopeError } from '../error.js';
import { NamespaceProcess } from './namespace-process.js';
import type { Role } from './namespaces.js';
import type { Answer, Operations, PeerKind, PeerKinds, Ready, Request } from './peer-protocol.js';

export interface PeerOptions<Kind extends PeerKind> {
  readonly role: Role;
  readonly kind: Kind;
  readonly args?: readonly string[];
}

/** A peer of that kind. */
export type PeerOf<Kind extends PeerKind> = Peer<PeerKinds[Kind]>;

/** The clients of a testbed, or others like them. */
export type ClientPeer = PeerOf<'client'>;

/** Modules beside this one, run by Node. */
const modules: Readonly<Record<PeerKind, string>> = {
  client: 'peer-client.js',
  server: 'peer-server.js',
  'ftp-client': 'peer-ftp-client.js',
  'ftp-server': 'peer-ftp-server.js',
};

interface Pending<Value> {
  readonly resolve: (value: Value) => void;
  readonly reject: (error: unknown) => void;
}

/** A process in one of a testbed's namespaces that answers requests: JSON lines over its streams. */
export class Peer<Ops extends Operations> {
  readonly #process: NamespaceProcess;
  readonly #role: Role;
  readonly #pending = new Map<number, Pending<unknown>>();
  readonly #ready: Promise<Ready>;
  #onReady: Pending<Ready> | undefined;
  #lastId = 0;
  #failure: unknown;

  /** Starts the process; `ready()` tells when it can be used. */
  constructor({ role, kind, args = [] }: PeerOptions<PeerKind>) {
    this.#role = role;
    const path = fileURLToPath(new URL(modules[kind], import.meta.url));
    this.#process = new NamespaceProcess(role, [process.execPath, path, ...args]);
    this.#ready = new Promise((resolve, reject) => {
      this.#onReady = { resolve, reject };
    });
    // Whoever waits gets the error; when nobody does, that is no crash.
    this.#ready.catch(() => {});
    void this.#read();
  }

  ready(): Promise<Ready> {
    return this.#ready;
  }

  /** @throws IpvscopeError `ERR_SCENARIO_PEER` when the peer failed, or has ended. */
  request<Name extends keyof Ops & string>(
    operation: Name,
    body: Ops[Name][0],
  ): Promise<Ops[Name][1]> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const request: Request = { id: ++this.#lastId, operation, body };
    return new Promise<Ops[Name][1]>((resolve, reject) => {
      // The peer's handler of that operation has this reply.
      this.#pending.set(request.id, { resolve, reject });
      this.#process.write(`${JSON.stringify(request)}\n`);
    });
  }

  /** Ends the process; pending requests are rejected with the reason. */
  async close(reason: unknown): Promise<void> {
    this.#fail(reason);
    await this.#process.kill();
  }

  async #read(): Promise<void> {
    for (;;) {
      const line = await this.#process.nextLine();
      if (line === undefined) break;
      this.#onMessage(JSON.parse(line) as Ready | Answer);
    }
    this.#fail(this.#error(this.#process.lastWords));
  }

  #onMessage(message: Ready | Answer): void {
    if ('ready' in message) {
      this.#onReady?.resolve(message);
      return;
    }
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if ('error' in message) pending?.reject(this.#error(message.error));
    else pending?.resolve(message.reply);
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#onReady?.reject(this.#failure);
    for (const { reject } of this.#pending.values()) reject(this.#failure);
    this.#pending.clear();
  }

  #error(message: string): IpvscopeError {
    const { log } = this.#process;
    return new IpvscopeError('ERR_SCENARIO_PEER', `the ${this.#role} peer: ${message}`, {
      step: 'peer',
      ...(log === '' ? {} : { log }),
    });
  }
}
