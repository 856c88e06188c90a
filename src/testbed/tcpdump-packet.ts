import { endpoint } from './addresses.js';

/** A packet as tcpdump shows it. */
export interface Packet {
  /** `10.0.1.2:40001`; of ICMP, the address alone. */
  readonly from: string;
  readonly to: string;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP' | 'ICMP';
  /** TCP's, as tcpdump writes them: `S`, `S.`, `R`, `R.`; with E and W where they are set. */
  readonly flags: string;
  readonly sequence: number;
  /** Seconds since 1970. */
  readonly time: number;
  /** The rest of tcpdump's line. */
  readonly text: string;
}

/** TCP SYNs and resets, ICMP errors, datagrams, SCTP, and tunnelled packets. */
export const FIELD_FILTER = [
  'tcp[tcpflags] & (tcp-syn|tcp-rst) != 0',
  'ip6[6] == 6 and ip6[53] & 6 != 0',
  'icmp',
  'ip6[6] == 58 and ip6[40] < 128',
  'udp',
  'sctp',
  'ip6[6] == 132',
  'ip proto 4',
  'ip6 proto 41',
]
  .map((part) => `(${part})`)
  .join(' or ');

const LINE = /^(\d+\.\d+) (?:IP6? \S+ > \S+: )?IP6? (\S+) > (\S+): (.*)$/;
const TCP = /^Flags \[([^\]]*)\](?:, seq (\d+))?/;

/** A line of `tcpdump -nn -S -tt`; undefined for a line of anything else. */
export function parsePacket(line: string): Packet | undefined {
  const match = LINE.exec(line);
  if (match === null) return undefined;
  const [, time = '', from = '', to = '', text = ''] = match;
  const base = { time: Number(time), text };
  if (text.startsWith('ICMP')) {
    return { ...base, from, to, protocol: 'ICMP', flags: '', sequence: 0 };
  }
  const [, flags, sequence] = TCP.exec(text) ?? [];
  const protocol = flags !== undefined ? 'TCP' : text.startsWith('sctp') ? 'SCTP' : 'UDP';
  return {
    ...base,
    from: withPort(from),
    to: withPort(to),
    protocol,
    flags: flags ?? '',
    sequence: Number(sequence ?? 0),
  };
}

/** `10.0.1.2.80` as `10.0.1.2:80`. What has no port stays as it is. */
function withPort(name: string): string {
  const dot = name.lastIndexOf('.');
  const address = name.slice(0, dot);
  const isWhole = address.includes(':') || address.split('.').length === 4;
  return isWhole ? endpoint(address, Number(name.slice(dot + 1))) : name;
}

export const isSyn = ({ flags }: Packet): boolean => /^[SEW]*S[SEW]*$/.test(flags);
export const isReset = ({ flags }: Packet): boolean => flags.startsWith('R');
