import net, { type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicNow } from '../source/clock.js';
import type { Outcome } from './connect.js';
import type { ConnectReply, ConnectRequest } from './peer-protocol.js';

export interface Attempted {
  readonly reply: ConnectReply;
  /** The open connection, where it is to be held. */
  readonly socket?: Socket;
}

/** Bounds the wait for the last ACK of the port's previous connection. */
const MOST_BUSY_MS = 10_000;
const LEAST_RETRY_MS = 2;
const MOST_RETRY_MS = 50;

const outcomes: Readonly<Record<string, Outcome>> = {
  ETIMEDOUT: 'timeout',
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
};

/**
 * Connects from the port of the request (Node binds it with SO_REUSEADDR), asks the server for its
 * name and for the ending, and resolves when the connection is over, or open and to be held.
 *
 * @throws Error when the port cannot be used at all: that is no outcome that a client observes.
 */
export async function attemptConnect(request: ConnectRequest): Promise<Attempted> {
  const deadline = performance.now() + MOST_BUSY_MS;
  for (let wait = LEAST_RETRY_MS; ; wait = Math.min(2 * wait, MOST_RETRY_MS)) {
    const attempted = await tryOnce(request);
    if (attempted !== 'busy') return attempted;
    if (performance.now() > deadline) {
      throw new Error(`port ${request.port} does not become free`);
    }
    // The server's last ACK is under way; no event tells a process when the kernel frees the port.
    await delay(wait);
  }
}

function tryOnce(request: ConnectRequest): Promise<Attempted | 'busy'> {
  return new Promise((resolve, reject) => {
    const startNs = monotonicNow();
    let connectedNs: number | undefined;
    let failure: string | undefined;
    let name = '';
    const socket = net.connect({
      host: request.host,
      port: request.hostPort,
      localPort: request.port,
      ...(request.address === undefined ? {} : { localAddress: request.address }),
      noDelay: true,
    });
    const timer = setTimeout(() => {
      failure ??= 'ETIMEDOUT';
      socket.destroy();
    }, request.timeoutMs);

    const reply = (): ConnectReply => {
      const end = name.indexOf('\n');
      return {
        startNs,
        endNs: connectedNs ?? monotonicNow(),
        outcome: connectedNs === undefined ? (outcomes[failure ?? ''] ?? 'reset') : 'connected',
        ...(end < 0 ? {} : { server: name.slice(0, end) }),
      };
    };

    socket.on('connect', () => {
      connectedNs = monotonicNow();
      socket.write(`${request.ending}\n`);
    });
    socket.setEncoding('utf8').on('data', (text: string) => {
      name += text;
      if (!name.includes('\n')) return;
      clearTimeout(timer);
      if (request.ending === 'reset') socket.write('\n');
      if (request.ending === 'abort') socket.resetAndDestroy();
      if (request.ending === 'hold') resolve({ reply: reply(), socket });
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      failure ??= error.code;
    });
    socket.on('close', () => {
      clearTimeout(timer);
      if (failure === 'EADDRNOTAVAIL' || failure === 'EADDRINUSE') {
        resolve('busy');
      } else if (connectedNs === undefined && outcomes[failure ?? ''] === undefined) {
        reject(new Error(`connect from port ${request.port} failed: ${failure}`));
      } else {
        resolve({ reply: reply() });
      }
    });
  });
}
