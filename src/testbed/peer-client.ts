/** The clients of a testbed: connect where they are told, from the ports they are told. */
import dgram from 'node:dgram';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { attemptConnect } from './connect-attempt.js';
import { sendDatagram } from './datagram.js';
import {
  type ClientRequest,
  type ConnectReply,
  type ConnectRequest,
  DISCARD_PORT,
  say,
  serve,
} from './peer-protocol.js';
import { associate } from './sctp.js';
import { speak } from './speak.js';

const held = new Map<number, Socket>();

async function answer(request: ClientRequest): Promise<unknown> {
  switch (request.op) {
    case 'connect':
      return await connect(request);
    case 'speak':
      return await speak(heldBy(request.port), request);
    case 'vanish':
    case 'release':
      return await leave(request.port, request.op);
    case 'mark':
      return await mark(request.addresses);
  }
}

async function connect(request: ConnectRequest): Promise<ConnectReply> {
  if (request.protocol === 'UDP') return await sendDatagram(request);
  if (request.protocol === 'SCTP') return await associate(request);
  const { reply, socket } = await attemptConnect(request);
  if (request.ending === 'hold' && socket !== undefined) held.set(request.port, socket);
  return reply;
}

function heldBy(localPort: number): Socket {
  const socket = held.get(localPort);
  if (socket === undefined || socket.destroyed) {
    throw new Error(`port ${localPort} holds no connection`);
  }
  return socket;
}

async function leave(localPort: number, how: 'vanish' | 'release'): Promise<void> {
  const socket = heldBy(localPort);
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
