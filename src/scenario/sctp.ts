import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { endpoint } from './addresses.js';
import type { ConnectReply, ConnectRequest } from './peer-protocol.js';

// Node has no SCTP: socat is the client, and the server.

const now = (): number => Number(process.hrtime.bigint());

const version = (address: string): string => (address.includes(':') ? '6' : '4');

const started: ChildProcess[] = [];
process.on('exit', () => {
  for (const child of started) child.kill('SIGKILL');
});

/** What socat says when the association is there. */
const OPENED = 'successfully connected';

/** An association from the port asked for; comes back when the server has ended it. */
export function associate(request: ConnectRequest): Promise<ConnectReply> {
  const { host, hostPort, address, port, timeoutMs } = request;
  const startNs = now();
  const child = spawn('socat', [
    '-d',
    '-d',
    '-u',
    `SCTP${version(host)}:${endpoint(host, hostPort)},bind=${endpoint(address ?? '', port)}`,
    'STDOUT',
  ]);
  return new Promise((resolve, reject) => {
    let openedNs: number | undefined;
    let server = '';
    let stderr = '';
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      server += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      if (stderr.includes(OPENED)) openedNs ??= now();
    });
    child.once('error', reject);
    child.once('close', () => {
      clearTimeout(timer);
      if (openedNs !== undefined) {
        resolve({ startNs, endNs: openedNs, outcome: 'connected', server: server.trim() });
      } else if (late) {
        resolve({ startNs, endNs: now(), outcome: 'timeout' });
      } else {
        reject(new Error(stderr.trim().split('\n').at(-1)));
      }
    });
  });
}

/** Says a name to whoever comes, and ends the association. */
export async function answerAssociations(
  address: string,
  port: number,
  name: string,
): Promise<void> {
  const child = spawn('socat', [
    '-d',
    '-d',
    '-U',
    `SCTP${version(address)}-LISTEN:${port},bind=${address.includes(':') ? `[${address}]` : address},fork`,
    `EXEC:"echo ${name}"`,
  ]);
  started.push(child);
  let stderr = '';
  child.stderr.setEncoding('utf8');
  while (!stderr.includes('listening on')) {
    const [text] = await Promise.race([once(child.stderr, 'data'), once(child, 'close')]);
    if (typeof text !== 'string') throw new Error(stderr.trim() || 'socat ended');
    stderr += text;
  }
  child.stderr.resume();
}
