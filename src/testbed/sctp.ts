import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { isIPv6 } from 'node:net';
import { formatHost } from '../record/address.js';
import { monotonicNow } from '../source/clock.js';
import { endpoint } from './addresses.js';
import type { ConnectReply, ConnectRequest } from './peer-protocol.js';

// Node has no SCTP: socat is the client, and the server.

/** What socat says when the association is there. */
const OPENED = 'successfully connected';
const LISTENING = 'listening on';

const running = new Set<ChildProcessWithoutNullStreams>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** It ends with this process, and says on standard error what it does. */
function socat(...args: readonly string[]): ChildProcessWithoutNullStreams {
  const child = spawn('socat', ['-d', '-d', ...args]);
  running.add(child);
  child.once('close', () => running.delete(child));
  child.stderr.setEncoding('utf8');
  return child;
}

const kindOf = (address: string): string => (isIPv6(address) ? 'SCTP6' : 'SCTP4');

/** An association from the port asked for; comes back when the server has ended it. */
export function associate(request: ConnectRequest): Promise<ConnectReply> {
  const { host, hostPort, address, port, timeoutMs } = request;
  const startNs = monotonicNow();
  const from = endpoint(address ?? '', port);
  const child = socat('-u', `${kindOf(host)}:${endpoint(host, hostPort)},bind=${from}`, 'STDOUT');
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

/** Says a name to whoever comes, and ends the association. */
export function answerAssociations(address: string, port: number, name: string): Promise<void> {
  const child = socat(
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

const lastLine = (text: string): string => text.trim().split('\n').at(-1) || 'socat ended';
