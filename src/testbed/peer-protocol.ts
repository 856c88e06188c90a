import { createInterface } from 'node:readline';
import type { Outcome } from './connect.js';

/**
 * How a connection ends, which decides the state its ip_vs entry is left in. The client sends it as
 * its first line. `fin`: the server closes first (TIME_WAIT). `reset`: the server resets (CLOSE).
 * `abort`: the client resets (CLOSE). `hold`: nobody ends it (ESTABLISHED).
 */
export type Ending = 'fin' | 'reset' | 'abort' | 'hold';

export interface ConnectRequest {
  /** Default: TCP. UDP: one datagram, and the wait for its answer. */
  readonly protocol?: 'TCP' | 'UDP' | 'SCTP';
  readonly host: string;
  readonly hostPort: number;
  /** The client's own address, where it has several. */
  readonly address?: string;
  readonly port: number;
  readonly ending: Ending;
  readonly timeoutMs: number;
}

/** Sends a line on the held connection of a port, and waits for the server's name. */
export interface SpeakRequest {
  readonly port: number;
  /** Length of the line (default: 1). */
  readonly bytes?: number;
  readonly timeoutMs: number;
}

export interface ConnectReply {
  readonly startNs: number;
  readonly endNs: number;
  readonly outcome: Outcome;
  readonly server?: string;
}

/** Names the held connection of a local port. */
export interface HeldPort {
  readonly port: number;
}

/** One datagram to the discard port of each address: tells a capture that it has seen all. */
export interface MarkRequest {
  readonly addresses: readonly string[];
}

/** Answers at one more address and port, by that name. Idempotent. */
export interface ListenRequest {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly address: string;
  readonly port: number;
  readonly name: string;
}

/** Fetches files over one FTP control connection, each over a data connection of its own. */
export interface FetchRequest {
  readonly host: string;
  readonly port: number;
  readonly files: number;
  /** Ends the control connection afterwards. */
  readonly quit: boolean;
}

/** The reply of an operation that has nothing to say. */
export type NoReply = null;

/** What a peer can be asked: the name of each operation with its request and its reply. */
export type Operations = Readonly<Record<string, readonly [request: object, reply: unknown]>>;

export type ClientOperations = {
  readonly connect: readonly [ConnectRequest, ConnectReply];
  readonly speak: readonly [SpeakRequest, ConnectReply];
  /** Resets the held connection. */
  readonly vanish: readonly [HeldPort, NoReply];
  /** Closes the held connection in good order. */
  readonly release: readonly [HeldPort, NoReply];
  readonly mark: readonly [MarkRequest, NoReply];
};

export type ServerOperations = {
  readonly listen: readonly [ListenRequest, NoReply];
};

export type FtpClientOperations = {
  /** Replies with the addresses and ports of the data connections. */
  readonly fetch: readonly [FetchRequest, readonly string[]];
};

export type NoOperations = Readonly<Record<never, readonly [object, unknown]>>;

/** By kind of peer. */
export type PeerKinds = {
  readonly client: ClientOperations;
  readonly server: ServerOperations;
  readonly 'ftp-client': FtpClientOperations;
  readonly 'ftp-server': NoOperations;
};

export type PeerKind = keyof PeerKinds;

/** One function for each operation. */
export type Handlers<Ops extends Operations> = {
  readonly [Name in keyof Ops]: (
    request: Ops[Name][0],
  ) => Promise<Ops[Name][1] extends NoReply ? void : Ops[Name][1]>;
};

/** The first line of every peer. */
export interface Ready {
  readonly ready: true;
  /** Of a client: net.ipv4.tcp_syn_linear_timeouts, 0 where the kernel has none. */
  readonly linearTimeouts?: number;
}

export interface Request {
  readonly id: number;
  readonly operation: string;
  readonly body: object;
}

export type Answer =
  | { readonly id: number; readonly reply: unknown }
  | { readonly id: number; readonly error: string };

/** UDP port 9: nobody answers, and no scenario uses it. */
export const DISCARD_PORT = 9;

/**
 * Serves requests, one JSON value a line, until standard input ends; then the process exits. The
 * first line of output is `ready`.
 */
export function serve<Ops extends Operations>(
  handlers: Handlers<Ops>,
  ready: Omit<Ready, 'ready'> = {},
): void {
  const known = new Map<string, (request: object) => Promise<unknown>>(Object.entries(handlers));
  const answer = async ({ id, operation, body }: Request): Promise<Answer> => {
    try {
      const handler = known.get(operation);
      if (handler === undefined) throw new Error(`unknown operation '${operation}'`);
      return { id, reply: (await handler(body)) ?? null };
    } catch (error) {
      return { id, error: error instanceof Error ? error.message : String(error) };
    }
  };
  const lines = createInterface({ input: process.stdin });
  lines.on('line', async (line) => write(await answer(JSON.parse(line) as Request)));
  lines.on('close', () => process.exit(0));
  write({ ready: true, ...ready });
}

function write(message: Ready | Answer): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
