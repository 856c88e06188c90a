import type { Socket } from 'node:net';
import { monotonicNow } from '../source/clock.js';
import type { ConnectReply, SpeakRequest } from './peer-protocol.js';

/** Sends a line on an open connection; resolves with the server's answer, or without one in time. */
export function speak(
  socket: Socket,
  { timeoutMs, bytes = 1 }: SpeakRequest,
): Promise<ConnectReply> {
  return new Promise((resolve) => {
    const startNs = monotonicNow();
    const end = (rest: Pick<ConnectReply, 'outcome' | 'server'>): void => {
      clearTimeout(timer);
      socket.off('data', onData).off('close', onClose);
      resolve({ startNs, endNs: monotonicNow(), ...rest });
    };
    const onData = (text: string): void =>
      end({ outcome: 'connected', server: text.slice(0, text.indexOf('\n')) });
    const onClose = (): void => end({ outcome: 'reset' });
    const timer = setTimeout(() => end({ outcome: 'timeout' }), timeoutMs);
    socket.on('data', onData).on('close', onClose);
    socket.write(`${' '.repeat(bytes - 1)}\n`);
  });
}
