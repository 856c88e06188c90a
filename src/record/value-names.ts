import { Conntrack, Forwarding, Kind, Scheduler, Verdict } from './layout.generated.js';

export type KindName = keyof typeof Kind;
export type VerdictName = keyof typeof Verdict;
export type ConntrackName = keyof typeof Conntrack;
export type ForwardingName = keyof typeof Forwarding;

function byValue<Name extends string>(values: Readonly<Record<Name, number>>): readonly Name[] {
  const names: Name[] = [];
  for (const name of Object.keys(values) as Name[]) {
    names[values[name]] = name;
  }
  return names;
}

const kinds = byValue(Kind);
const verdicts = byValue(Verdict);
const conntracks = byValue(Conntrack);
const forwardings = byValue(Forwarding);
const schedulers = byValue(Scheduler);

/** Names an ipvscope_scheduler; undefined for one that this version does not know. */
export const schedulerName = (value: number): string | undefined =>
  value === Scheduler.unknown ? undefined : nameOf(schedulers, value);

// enum ip_vs_tcp_states, ip_vs_udp_states, ip_vs_sctp_states (include/net/ip_vs.h), as
// /proc/net/ip_vs_conn and ipvsadm -Lc print them.
const tcpStates = [
  'NONE',
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'SYNACK',
];
const udpStates = ['UDP'];
const sctpStates = [
  'NONE',
  'INIT1',
  'INIT',
  'COOKIE_SENT',
  'COOKIE_REPLIED',
  'COOKIE_WAIT',
  'COOKIE',
  'COOKIE_ECHOED',
  'ESTABLISHED',
  'SHUTDOWN_SENT',
  'SHUTDOWN_RECEIVED',
  'SHUTDOWN_ACK_SENT',
  'REJECTED',
  'CLOSED',
];

// enum tcp_conntrack and sctp_conntrack (include/uapi/linux/netfilter/nf_conntrack_{tcp,sctp}.h), as
// conntrack -L prints them.
const tcpConntrackStates = [
  'NONE',
  'SYN_SENT',
  'SYN_RECV',
  'ESTABLISHED',
  'FIN_WAIT',
  'CLOSE_WAIT',
  'LAST_ACK',
  'TIME_WAIT',
  'CLOSE',
  'SYN_SENT2',
];
const sctpConntrackStates = [
  'NONE',
  'CLOSED',
  'COOKIE_WAIT',
  'COOKIE_ECHOED',
  'ESTABLISHED',
  'SHUTDOWN_SENT',
  'SHUTDOWN_RECD',
  'SHUTDOWN_ACK_SENT',
  'HEARTBEAT_SENT',
  'HEARTBEAT_ACKED',
];

interface Protocol {
  readonly name: string;
  readonly states: readonly string[];
  readonly conntrackStates?: readonly string[];
}

const protocols: Readonly<Record<number, Protocol>> = {
  6: { name: 'TCP', states: tcpStates, conntrackStates: tcpConntrackStates },
  17: { name: 'UDP', states: udpStates },
  132: { name: 'SCTP', states: sctpStates, conntrackStates: sctpConntrackStates },
};

/** Returns the value's name; a value without one is shown, not hidden. */
function nameOf<Name extends string>(names: readonly Name[], value: number): Name {
  return names[value] ?? (`UNKNOWN_${value}` as Name);
}

export const kindName = (value: number): KindName => nameOf(kinds, value);
export const verdictName = (value: number): VerdictName => nameOf(verdicts, value);
export const conntrackName = (value: number): ConntrackName => nameOf(conntracks, value);
export const forwardingName = (value: number): ForwardingName => nameOf(forwardings, value);

/** Names a protocol as ipvsadm does: `TCP`, `UDP`, `SCTP`. */
export const protocolName = (value: number): string =>
  protocols[value]?.name ?? `PROTOCOL_${value}`;

/** Names the state of a connection entry as ipvsadm -Lc does. */
export const stateName = (protocol: number, state: number): string =>
  nameOf(protocols[protocol]?.states ?? [], state);

/** Names the state of a conntrack entry as conntrack -L does; undefined where it has none. */
export const conntrackStateName = (protocol: number, state: number): string | undefined => {
  const names = protocols[protocol]?.conntrackStates;
  return names === undefined || state === 0 ? undefined : nameOf(names, state);
};

/** Kinds of events. `new` is counted only. */
export const kindNames: readonly KindName[] = kinds.filter(
  (name) => name !== undefined && name !== 'new',
);
