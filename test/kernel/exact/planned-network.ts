import { readFileSync, writeFileSync } from 'node:fs';
import type { CleanUp } from '../../../src/testbed/clean-up.js';
import {
  heredoc,
  type NamespaceShell,
  NamespaceShells,
  sysctlScript,
} from '../../../src/testbed/namespace-shell.js';
import { namespaceName, removeNamespaces, roles } from '../../../src/testbed/namespaces.js';
import { buildTopology, directorDevice, kernelFamilies } from '../../../src/testbed/topology.js';
import { allClientAddresses } from './plan.js';
import { portRange, serverNetworks, virtualAddresses } from './planned-services.js';

const BACKLOG = '/proc/sys/net/core/netdev_max_backlog';

/** The director's interfaces: the clients' first. */
export const directorDevices: readonly string[] = (['client', 'rs1', 'rs2'] as const).map(
  directorDevice,
);

export interface Network {
  readonly client: NamespaceShell;
  readonly director: NamespaceShell;
  /** Ethernet addresses of the clients and of their router. */
  readonly ethernet: { readonly own: string; readonly router: string };
}

/**
 * The scenarios' namespaces with the addresses of this test. Everybody knows everybody's Ethernet
 * address, so that no packet waits or is lost for it, and the clients hear nothing.
 */
export async function buildNetwork(cleanUp: CleanUp): Promise<Network> {
  cleanUp.add('the namespaces', () => removeNamespaces(roles.map((role) => namespaceName(role))));
  const shells = new NamespaceShells();
  cleanUp.add('the namespace shells', () => shells.close());
  await buildTopology(shells, kernelFamilies());
  const backlog = readFileSync(BACKLOG, 'utf8');
  cleanUp.add('netdev_max_backlog', () => writeFileSync(BACKLOG, backlog));
  writeFileSync(BACKLOG, '100000');

  const client = shells.of('client');
  const director = shells.of('director');
  const own = await ethernet(client, 'eth0');
  const router = await ethernet(director, directorDevice('client'));
  const lines = [
    ...virtualAddresses.map(
      (address) => `address replace ${added(address, { ipv4: 32, ipv6: 128 })} dev virtual`,
    ),
    `address replace fd00:1::1/64 nodad dev ${directorDevice('client')}`,
    ...allClientAddresses.map((address) => neighbour(address, own, directorDevice('client'))),
  ];
  for (const network of serverNetworks)
    lines.push(...(await addServers(network, director, shells.of(network.role))));
  await director.script(
    [
      optionalSysctls({
        'net/ipv4/ip_forward': 1,
        'net/ipv4/conf/all/rp_filter': 0,
        'net/ipv4/conf/default/rp_filter': 0,
        'net/ipv6/conf/all/forwarding': 1,
        // Every packet that is rejected gets its ICMP error: none of these is limited.
        'net/ipv4/icmp_ratemask': 0,
        'net/ipv6/icmp/ratelimit': 0,
        'net/ipv6/icmp/ratemask': 2,
      }),
      withInput('ip -batch -', lines),
    ].join('\n'),
    'network',
  );
  await client.script(prerouting('policy drop'), 'network');
  return { client, director, ethernet: { own, router } };
}

/** Gives what the director has to know of them. */
async function addServers(
  { role, ipv4, ipv6 }: (typeof serverNetworks)[number],
  director: NamespaceShell,
  shell: NamespaceShell,
): Promise<readonly string[]> {
  const leg = directorDevice(role);
  const router = await ethernet(director, leg);
  const own = await ethernet(shell, 'eth0');
  const servers = [2, 3].flatMap((host) => [`${ipv4}.${host}`, `${ipv6}${host}`]);
  const { first, last } = portRange('silent');
  await shell.script(
    [
      optionalSysctls({ 'net/ipv4/tcp_syncookies': 2, 'net/ipv4/conf/all/rp_filter': 0 }),
      withInput('ip -batch -', [
        ...servers.map(
          (address) => `address replace ${added(address, { ipv4: 24, ipv6: 64 })} dev eth0`,
        ),
        neighbour(`${ipv4}.1`, router, 'eth0'),
        neighbour(`${ipv6}1`, router, 'eth0'),
        `route replace ::/0 via ${ipv6}1 dev eth0`,
      ]),
      prerouting(`tcp dport ${first}-${last} drop`),
    ].join('\n'),
    'network',
  );
  return [
    `address replace ${ipv6}1/64 nodad dev ${leg}`,
    ...servers.map((address) => neighbour(address, own, leg)),
  ];
}

/** An address to be added; IPv6 would try for a second whether somebody else has it. */
function added(address: string, length: { readonly ipv4: number; readonly ipv6: number }): string {
  const { ipv4, ipv6 } = length;
  return address.includes(':') ? `${address}/${ipv6} nodad` : `${address}/${ipv4}`;
}

const neighbour = (address: string, ethernet: string, device: string): string =>
  `neighbour replace ${address} lladdr ${ethernet} nud permanent dev ${device}`;

async function ethernet(shell: NamespaceShell, device: string): Promise<string> {
  const line = await shell.script(`ip -o link show ${device}`, 'network');
  return /link\/ether (\S+)/.exec(line)?.[1] ?? '';
}

/** A rule for everything that comes into a namespace, before anybody else sees it. */
function prerouting(rule: string): string {
  return withInput('nft -f -', [
    'table inet exact {',
    'chain first {',
    'type filter hook prerouting priority -300',
    rule,
    '}',
    '}',
  ]);
}

/** A command with lines for its standard input. */
export const withInput = (command: string, lines: readonly string[]): string =>
  `${command} ${heredoc(lines.join('\n'))}`;

/** For a script: sysctls by their paths below /proc/sys, those that the kernel has. */
const optionalSysctls = (values: Readonly<Record<string, number>>): string =>
  Object.entries(values)
    .map(([path, value]) => `[ ! -e /proc/sys/${path} ] || ${sysctlScript({ [path]: value })}`)
    .join('\n');
