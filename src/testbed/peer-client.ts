/** The clients of a testbed: connect on request, from the ports that the request names. */
import dgram from 'node:dgram';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { attemptConnect } from './connect-attempt.js';
import { sendDatagram } from './datagram.js';
import {
  type ClientOperations,
  type ConnectReply,
  type ConnectRequest,
  DISCARD_PORT,
  type HeldPort,
  type MarkRequest,
  serve,
} from './peer-protocol.js';
import { SctpProcesses } from './sctp.js';
import { speak } from './speak.js';

/** The open connections of this process, by local port. */
class HeldConnections {
  readonly #sockets = new Map<number, Socket>();

  add(port: number, socket: Socket): void {
    this.#sockets.set(port, socket);
  }

  get(port: number): Socket {
    const socket = this.#sockets.get(port);
    if (socket === undefined || socket.destroyed) {
      throw new Error(`port ${port} holds no connection`);
    }
    return socket;
  }

  async end(port: number, end: (socket: Socket) => void): Promise<void> {
    const socket = this.get(port);
    this.#sockets.delete(port);
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
      end(socket);
    });
  }
}

async function mark({ addresses }: MarkRequest): Promise<void> {
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

/** Linux 6.5 and later: that many copies of a SYN are sent a second apart. */
function linearTimeouts(): number {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/tcp_syn_linear_timeouts', 'utf8'));
  } catch {
    return 0;
  }
}

const held = new HeldConnections();
const sctp = new SctpProcesses();

async function connect(request: ConnectRequest): Promise<ConnectReply> {
  if (request.protocol === 'UDP') return await sendDatagram(request);
  if (request.protocol === 'SCTP') return await sctp.associate(request);
  const { reply, socket } = await attemptConnect(request);
  if (request.ending === 'hold' && socket !== undefined) held.add(request.port, socket);
  return reply;
}

serve<ClientOperations>(
  {
    connect,
    speak: async (request) => await speak(held.get(request.port), request),
    vanish: ({ port }: HeldPort) => held.end(port, (socket) => socket.resetAndDestroy()),
    release: ({ port }: HeldPort) => held.end(port, (socket) => socket.destroy()),
    mark,
  },
  { linearTimeouts: linearTimeouts() },
);
