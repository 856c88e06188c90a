import {
  addresses,
  type Family,
  type RealServer,
  SERVER_PORT,
  serverName,
  virtualService,
} from './addresses.js';
import { execInNamespace } from './namespace-shell.js';
import type { Role } from './namespaces.js';
import { processorMask } from './processors.js';
import { families, setSysctls } from './topology.js';

/** The sysctls below net.ipv4.vs that decide what becomes of a reused port. */
export interface IpvsSettings {
  readonly connReuseMode: number;
  readonly expireNodestConn: number;
}

export async function setIpvs(settings: Partial<IpvsSettings>): Promise<void> {
  const { connReuseMode, expireNodestConn } = settings;
  await setSysctls('director', {
    ...(connReuseMode === undefined ? {} : { 'net/ipv4/vs/conn_reuse_mode': connReuseMode }),
    ...(expireNodestConn === undefined
      ? {}
      : { 'net/ipv4/vs/expire_nodest_conn': expireNodestConn }),
  });
}

/** Routes, and keeps conntrack entries of its connections or does not. */
export async function setForwarding(conntrack: boolean): Promise<void> {
  await setSysctls('director', {
    'net/ipv4/ip_forward': 1,
    ...(families.includes('ipv6') ? { 'net/ipv6/conf/all/forwarding': 1 } : {}),
    'net/ipv4/vs/conntrack': conntrack ? 1 : 0,
  });
  // The sysctl alone does nothing: a namespace tracks connections once a rule of it asks for their
  // state, as the rules of kube-proxy do.
  await setTable(
    'director',
    conntrack &&
      'chain tracking { type filter hook input priority 0; ct state established accept; }',
  );
}

/**
 * On which processor the director takes in packets (RPS, Documentation/networking/scaling.rst);
 * undefined: on the sender's.
 */
export async function setReceiving(processor: number | undefined): Promise<void> {
  const mask = processor === undefined ? '0' : processorMask(processor);
  const files = '/sys/class/net/*/queues/rx-*/rps_cpus';
  // A kernel built without RPS has no such files.
  const write = `for file in ${files}; do [ ! -e "$file" ] || echo ${mask} > "$file" || exit; done`;
  await execInNamespace('director', ['sh', '-c', write], { step: 'rps' });
}

/** The virtual service from nothing, scheduled round robin, every server with weight 1. */
export async function makeService(family: Family): Promise<void> {
  const service = virtualService(family);
  await ipvsadm([
    '-C',
    `-A -t ${service} -s rr`,
    ...addresses[family].servers.map(
      (server) => `-a -t ${service} -r ${serverName(server)} -m -w 1`,
    ),
  ]);
}

export async function setServerWeight(
  family: Family,
  server: string,
  weight: number,
): Promise<void> {
  await ipvsadm([`-e -t ${virtualService(family)} -r ${server} -m -w ${weight}`]);
}

/** A real server that is gone like a removed pod: what is sent to it vanishes, nothing answers. */
export async function setAnswering({ role }: RealServer, answers: boolean): Promise<void> {
  // Inside the server's namespace: the packet still leaves the director, as it does to a dead pod.
  await setTable(
    role,
    !answers && 'chain gone { type filter hook prerouting priority -300; policy drop; }',
  );
}

/**
 * From now on the first opening packet from every client port is lost: in the clients' namespace on
 * its way out, in a server's on its way in.
 */
export async function setFirstLost(role: Role, lost: boolean): Promise<void> {
  const hook = role === 'client' ? 'output' : 'prerouting';
  const opening = 'tcp flags & (syn | ack) == syn';
  await setTable(
    role,
    lost &&
      `set seen { type inet_service; flags dynamic; size 65535; }
      chain first {
        type filter hook ${hook} priority -400
        ${opening} tcp sport @seen accept
        ${opening} add @seen { tcp sport } drop
      }`,
    'ipvscope_loss',
  );
}

/** Clients that vanish without a word: their goodbyes do not leave their namespace. */
export async function dropFinAndRst(leave: boolean): Promise<void> {
  await setTable(
    'client',
    !leave &&
      'chain silence { type filter hook output priority 0; tcp flags & (fin | rst) != 0 drop; }',
  );
}

/** The commands of ipvsadm, one a line, one after another. */
export async function ipvsadm(lines: readonly string[]): Promise<void> {
  await execInNamespace('director', ['ipvsadm', '-R'], {
    step: 'ipvsadm',
    input: lines.map((line) => `${line}\n`).join(''),
  });
}

/** Packets to these ports get the port's own number as their mark. */
export async function setMarks(ports: readonly number[]): Promise<void> {
  const map = `map { ${ports.map((port) => `${port} : ${port}`).join(', ')} }`;
  await setTable(
    'director',
    ports.length > 0 &&
      `chain marks { type filter hook prerouting priority -150; meta mark set th dport ${map}; }`,
    'ipvscope_marks',
  );
}

/** ACKs without data from the real servers to these ports of clients are lost before conntrack. */
export async function loseAcks(ports: readonly number[]): Promise<void> {
  await setTable(
    'director',
    ports.length > 0 &&
      // On one line: for nft the next line is another rule.
      `chain acks { type filter hook prerouting priority -400; tcp sport ${SERVER_PORT} tcp dport { ${ports.join(', ')} } tcp flags & (fin | syn | rst | psh | ack) == ack drop; }`,
    'ipvscope_acks',
  );
}

/** A table of that name with that in it, or none, in one transaction. */
async function setTable(role: Role, body: string | false, name = 'ipvscope'): Promise<void> {
  const table = body === false ? '' : `table inet ${name} {\n${body}\n}\n`;
  await execInNamespace(role, ['nft', '-f', '-'], {
    step: 'nft',
    input: `add table inet ${name}\ndelete table inet ${name}\n${table}`,
  });
}
