import { endpoint } from './addresses.js';
import type { CapturedPacket } from './captures.js';
import { DISCARD_PORT } from './peer-protocol.js';

/**
 * Connection-opening packets and datagrams, the marks at which a capture may end among them, and
 * tunnelled packets. IPv6 headers have to be counted by hand: tcp[] and sctp[] know IPv4 only.
 */
export const CAPTURE_FILTER = [
  'tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn',
  'ip6[6] == 6 and ip6[53] & 0x12 == 2',
  'sctp[12] == 1',
  'ip6[6] == 132 and ip6[52] == 1',
  'udp',
  'ip proto 4',
  'ip6 proto 41',
]
  .map((part) => `(${part})`)
  .join(' or ');

export const MARK = new RegExp(`^\\d+\\.\\d+ IP \\S+ > \\S+\\.${DISCARD_PORT}: UDP`);

const TIME = /^(\d+)\.(\d{6}) /;
/** The outer header of a tunnel has no ports. */
const ADDRESSES = /(?:IP6? \S+ > \S+: )?IP6? (\S+)\.(\d+) > \S+\.\d+: /;
const OPENING = new RegExp(
  `${TIME.source}${ADDRESSES.source}(?:Flags \\[[SEW]*S[SEW]*\\], seq (\\d+),|(UDP)|(sctp).*\\[INIT\\])`,
);

/**
 * A line of `tcpdump -nn -S -tt` as a packet; undefined for a line of anything else.
 * `originNs` is the wall time at CLOCK_MONOTONIC 0.
 */
export function parseOpening(line: string, originNs: bigint): CapturedPacket | undefined {
  const match = OPENING.exec(line);
  if (match === null || MARK.test(line)) return undefined;
  const [, seconds = '', microseconds = '', address = '', port, sequence, udp, sctp] = match;
  const wallNs = BigInt(seconds) * 1_000_000_000n + BigInt(microseconds) * 1000n;
  return {
    client: endpoint(address, Number(port)),
    protocol: udp !== undefined ? 'UDP' : sctp !== undefined ? 'SCTP' : 'TCP',
    sequence: Number(sequence ?? 0),
    monotonicNs: Number(wallNs - originNs),
  };
}

/** The packets that tcpdump reports as lost when it ends. */
export function packetsLost(stderr: string): number {
  return Number(/^(\d+) packets? dropped by kernel$/m.exec(stderr)?.[1] ?? 0);
}
