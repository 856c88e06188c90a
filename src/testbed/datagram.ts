import dgram from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { monotonicNow } from '../source/clock.js';
import type { ConnectReply, ConnectRequest } from './peer-protocol.js';

const typeOf = (address: string): 'udp4' | 'udp6' => (isIPv6(address) ? 'udp6' : 'udp4');

/** Sends one datagram from the port of the request; resolves with the answer, or without one in time. */
export async function sendDatagram(request: ConnectRequest): Promise<ConnectReply> {
  const { host, hostPort, address, port, timeoutMs } = request;
  const socket = dgram.createSocket(typeOf(host));
  try {
    socket.bind(port, address);
    await once(socket, 'listening');
    // A connected socket reports ICMP errors.
    socket.connect(hostPort, host);
    await once(socket, 'connect');
    const startNs = monotonicNow();
    const end = await new Promise<Pick<ConnectReply, 'outcome' | 'server'>>((resolve) => {
      const timer = setTimeout(() => resolve({ outcome: 'timeout' }), timeoutMs);
      socket
        .on('message', (text) => {
          clearTimeout(timer);
          resolve({ outcome: 'connected', server: text.toString() });
        })
        .on('error', () => {
          clearTimeout(timer);
          resolve({ outcome: 'refused' });
        });
      socket.send('.');
    });
    return { startNs, endNs: monotonicNow(), ...end };
  } finally {
    socket.close();
  }
}

/** Answers every datagram with a name. */
export async function answerDatagrams(address: string, port: number, name: string): Promise<void> {
  const socket = dgram.createSocket(typeOf(address));
  socket.on('message', (_, from) => socket.send(name, from.port, from.address));
  socket.bind(port, address);
  await once(socket, 'listening');
}
