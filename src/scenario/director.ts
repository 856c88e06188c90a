import { runInside } from './namespaces.js';
import {
  type RealServer,
  serverName,
  setDirectorSysctls,
  topology,
  virtualService,
} from './topology.js';

/** The sysctls below net.ipv4.vs that decide what becomes of a reused port. */
export interface IpvsSettings {
  readonly connReuseMode: number;
  readonly expireNodestConn: number;
}

export async function setIpvs(settings: Partial<IpvsSettings>): Promise<void> {
  const { connReuseMode, expireNodestConn } = settings;
  await setDirectorSysctls({
    ...(connReuseMode === undefined ? {} : { 'net/ipv4/vs/conn_reuse_mode': connReuseMode }),
    ...(expireNodestConn === undefined
      ? {}
      : { 'net/ipv4/vs/expire_nodest_conn': expireNodestConn }),
  });
}

/** Routes, and keeps conntrack entries of its connections or does not. */
export async function setForwarding(conntrack: boolean): Promise<void> {
  await setDirectorSysctls({
    'net/ipv4/ip_forward': 1,
    'net/ipv4/conf/all/rp_filter': 0,
    'net/ipv4/conf/default/rp_filter': 0,
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

/** The virtual service from nothing, scheduled round robin, every server with weight 1. */
export async function makeService(): Promise<void> {
  await ipvsadm(['-C']);
  await ipvsadm(
    ['-R'],
    [
      `-A -t ${virtualService} -s rr`,
      ...topology.servers.map(
        (server) => `-a -t ${virtualService} -r ${serverName(server)} -m -w 1`,
      ),
    ],
  );
}

export async function setServerWeight(server: string, weight: number): Promise<void> {
  await ipvsadm(['-e', '-t', virtualService, '-r', server, '-m', '-w', String(weight)]);
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
export async function setFirstLost(
  role: 'client' | RealServer['role'],
  lost: boolean,
): Promise<void> {
  const hook = role === 'client' ? 'output' : 'prerouting';
  const opening = 'tcp flags & (syn | ack) == syn';
  const table = `table ip ipvscope_loss {
    set seen { type inet_service; flags dynamic; size 65535; }
    chain first {
      type filter hook ${hook} priority -400
      ${opening} tcp sport @seen accept
      ${opening} add @seen { tcp sport } drop
    }
  }
`;
  await runInside(role, ['nft', '-f', '-'], {
    step: 'nft',
    input: `add table ip ipvscope_loss\ndelete table ip ipvscope_loss\n${lost ? table : ''}`,
  });
}

/** Clients that vanish without a word: their goodbyes do not leave their namespace. */
export async function setGoodbyes(leave: boolean): Promise<void> {
  await setTable(
    'client',
    !leave &&
      'chain silence { type filter hook output priority 0; tcp flags & (fin | rst) != 0 drop; }',
  );
}

function ipvsadm(args: readonly string[], lines: readonly string[] = []): Promise<string> {
  return runInside('director', ['ipvsadm', ...args], {
    step: 'ipvsadm',
    input: lines.map((line) => `${line}\n`).join(''),
  });
}

/** The one table that a namespace has, or none, in one transaction. */
async function setTable(
  role: Parameters<typeof runInside>[0],
  body: string | false,
): Promise<void> {
  const table = body === false ? '' : `table ip ipvscope {\n${body}\n}\n`;
  await runInside(role, ['nft', '-f', '-'], {
    step: 'nft',
    input: `add table ip ipvscope\ndelete table ip ipvscope\n${table}`,
  });
}
