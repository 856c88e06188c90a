/** The clients of a stage: `peer-client.js HOST PORT` connects there from the ports it is told. */
import dgram from 'node:dgram';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { attemptConnect } from './connect-attempt.js';
import { type ClientRequest, DISCARD_PORT, say, serve } from './peer-protocol.js';

const [host = '', port = ''] = process.argv.slice(2);
const held = new Map<number, Socket>();

async function answer(request: ClientRequest): Promise<unknown> {
  switch (request.op) {
    case 'connect': {
      const { reply, socket } = await attemptConnect({ host, port: Number(port), request });
      if (request.ending === 'hold' && socket !== undefined) held.set(request.port, socket);
      return reply;
    }
    case 'vanish':
    case 'release':
      return await leave(request.port, request.op);
    case 'ask':
      return await ask(heldSocket(request.port));
    case 'mark':
      return await mark(request.addresses);
  }
}

function heldSocket(localPort: number): Socket {
  const socket = held.get(localPort);
  if (socket === undefined || socket.destroyed) {
    throw new Error(`port ${localPort} holds no connection`);
  }
  return socket;
}

/** The server's name, once more over the same connection. */
async function ask(socket: Socket): Promise<string> {
  return await new Promise((resolve, reject) => {
    const closed = (): void => reject(new Error('the connection ended'));
    socket.once('close', closed);
    socket.once('data', (text: Buffer | string) => {
      socket.off('close', closed);
      resolve(text.toString().trimEnd());
    });
    socket.write('hold\n');
  });
}

async function leave(localPort: number, how: 'vanish' | 'release'): Promise<void> {
  const socket = heldSocket(localPort);
  held.delete(localPort);
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    if (how === 'vanish') socket.resetAndDestroy();
    else socket.destroy();
  });
}

async function mark(addresses: readonly string[]): Promise<void> {
  const socket = dgram.createSocket('udp4');
  for (const address of addresses) {
    await new Promise<void>((resolve, reject) =>
      socket.send('.', DISCARD_PORT, address, (error) =>
        error === null ? resolve() : reject(error),
      ),
    );
  }
  socket.close();
}

/** Linux 6.5 and later: the first so many copies of a SYN come a second apart. */
function linearTimeouts(): number {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/tcp_syn_linear_timeouts', 'utf8'));
  } catch {
    return 0;
  }
}

serve(answer);
say({ ready: true, linearTimeouts: linearTimeouts() });
