import type { CapturedPacket } from './captures.js';
import { DISCARD_PORT } from './peer-protocol.js';

/** Opening packets, and the marks that say where a capture may end. */
export const CAPTURE_FILTER = `(tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn) or udp dst port ${DISCARD_PORT}`;

export const MARK = new RegExp(`^\\d+\\.\\d+ IP \\S+ > \\S+\\.${DISCARD_PORT}: UDP`);

const OPENING =
  /^(\d+)\.(\d{6}) IP (\d+\.\d+\.\d+\.\d+)\.(\d+) > \S+: Flags \[[^\]]*S[^\]]*\], seq (\d+),/;

/**
 * A line of `tcpdump -nn -S -tt` as a packet; undefined for a line of anything else.
 * `originNs` is the wall time at CLOCK_MONOTONIC 0.
 */
export function parseOpening(line: string, originNs: bigint): CapturedPacket | undefined {
  const match = OPENING.exec(line);
  if (match === null) return undefined;
  const [, seconds = '', microseconds = '', address, port, sequence] = match;
  const wallNs = BigInt(seconds) * 1_000_000_000n + BigInt(microseconds) * 1000n;
  return {
    client: `${address}:${port}`,
    sequence: Number(sequence),
    monotonicNs: Number(wallNs - originNs),
  };
}

/** What tcpdump says at its end that it could not read. */
export function packetsLost(stderr: string): number {
  return Number(/^(\d+) packets? dropped by kernel$/m.exec(stderr)?.[1] ?? 0);
}
