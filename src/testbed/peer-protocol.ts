import { createInterface } from 'node:readline';
import type { Outcome } from './connect.js';

/**
 * How a connection ends, which decides the state its ip_vs entry is left in. The client says it in
 * its first line. `fin`: the server closes first (TIME_WAIT). `reset`: the server resets (CLOSE).
 * `abort`: the client resets (CLOSE). `hold`: nobody ends it (ESTABLISHED).
 */
export type Ending = 'fin' | 'reset' | 'abort' | 'hold';

export interface ConnectRequest {
  readonly op: 'connect';
  /** TCP unless told. By UDP: one datagram, and the wait for its answer. */
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
  readonly op: 'speak';
  readonly port: number;
  /** Length of the line; 1 unless told. */
  readonly bytes?: number;
  readonly timeoutMs: number;
}

/** To a server: answers there too, by that name. */
export interface ListenRequest {
  readonly op: 'listen';
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly address: string;
  readonly port: number;
  readonly name: string;
}

/** The held connection of a port: close its socket by a reset, or in good order. */
export interface LeaveRequest {
  readonly op: 'vanish' | 'release';
  readonly port: number;
}

/** One datagram to the discard port of each address: tells a capture that it has seen all. */
export interface MarkRequest {
  readonly op: 'mark';
  readonly addresses: readonly string[];
}

export type ClientRequest = ConnectRequest | SpeakRequest | LeaveRequest | MarkRequest;

export type ServerRequest = ListenRequest;

export interface ConnectReply {
  readonly startNs: number;
  readonly endNs: number;
  readonly outcome: Outcome;
  readonly server?: string;
}

/** The first line of every peer. */
export interface Ready {
  readonly ready: true;
  /** Of a client: net.ipv4.tcp_syn_linear_timeouts, 0 where the kernel has none. */
  readonly linearTimeouts?: number;
}

export type Request<Body> = { readonly id: number } & Body;

export type Answer<Body> =
  | { readonly id: number; readonly reply: Body }
  | { readonly id: number; readonly error: string };

/** UDP port 9: nobody answers, and no scenario uses it. */
export const DISCARD_PORT = 9;

/** One JSON value a line to standard output. */
export function say(message: Ready | Answer<unknown>): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

/** Answers requests until standard input ends, which is when this process has no more reason to be. */
export function serve<Body>(answer: (request: Request<Body>) => Promise<unknown>): void {
  const lines = createInterface({ input: process.stdin });
  lines.on('line', async (line) => {
    const request = JSON.parse(line) as Request<Body>;
    try {
      say({ id: request.id, reply: (await answer(request)) ?? null });
    } catch (error) {
      say({ id: request.id, error: error instanceof Error ? error.message : String(error) });
    }
  });
  lines.on('close', () => process.exit(0));
}
