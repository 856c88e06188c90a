import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { isIPv6 } from 'node:net';
import { formatHost } from '../record/address.js';
import { monotonicNow } from '../source/clock.js';
import { endpoint } from './addresses.js';
import type { ConnectReply, ConnectRequest } from './peer-protocol.js';

// Node has no SCTP: socat is the client, and the server.

/** What socat prints when the association is established, and when it listens. */
const OPENED = 'successfully connected';
const LISTENING = 'listening on';

const kindOf = (address: string): string => (isIPv6(address) ? 'SCTP6' : 'SCTP4');

/** The socat processes of one peer; they end with it. */
export class SctpProcesses {
  readonly #running = new Set<ChildProcessWithoutNullStreams>();

  constructor() {
    process.on('exit', () => {
      for (const child of this.#running) child.kill('SIGKILL');
    });
  }

  /** Opens an association from the port of the request; resolves when the server has ended it. */
  associate(request: ConnectRequest): Promise<ConnectReply> {
    const { host, hostPort, address, port, timeoutMs } = request;
    const startNs = monotonicNow();
    const from = endpoint(address ?? '', port);
    const child = this.#socat(
      '-u',
      `${kindOf(host)}:${endpoint(host, hostPort)},bind=${from}`,
      'STDOUT',
    );
    return new Promise((resolve, reject) => {
      let openedNs: number | undefined;
      let server = '';
      let stderr = '';
      const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        server += text;
      });
      child.stderr.on('data', (text: string) => {
        stderr += text;
        if (stderr.includes(OPENED)) openedNs ??= monotonicNow();
      });
      child.once('error', reject);
      child.once('close', () => {
        clearTimeout(timer);
        if (openedNs !== undefined) {
          resolve({ startNs, endNs: openedNs, outcome: 'connected', server: server.trim() });
        } else if (child.killed) {
          resolve({ startNs, endNs: monotonicNow(), outcome: 'timeout' });
        } else {
          reject(new Error(lastLine(stderr)));
        }
      });
    });
  }

  /** Answers every association with a name, and ends it. */
  answer(address: string, port: number, name: string): Promise<void> {
    const child = this.#socat(
      '-U',
      `${kindOf(address)}-LISTEN:${port},bind=${formatHost(address)},fork`,
      `EXEC:"echo ${name}"`,
    );
    return new Promise((resolve, reject) => {
      let stderr = '';
      child.stderr.on('data', function hear(text: string) {
        stderr += text;
        if (!stderr.includes(LISTENING)) return;
        child.stderr.off('data', hear).resume();
        resolve();
      });
      child.once('error', reject);
      child.once('close', () => reject(new Error(lastLine(stderr))));
    });
  }

  /** Reports on standard error what it does. */
  #socat(...args: readonly string[]): ChildProcessWithoutNullStreams {
    const child = spawn('socat', ['-d', '-d', ...args]);
    this.#running.add(child);
    child.once('close', () => this.#running.delete(child));
    child.stderr.setEncoding('utf8');
    return child;
  }
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1) || 'socat ended';
