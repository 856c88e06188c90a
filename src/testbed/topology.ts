import { existsSync } from 'node:fs';
import { IpvscopeError } from '../error.js';
import { programText } from '../exec/run.js';
import { addresses, families as allFamilies, type Family } from './addresses.js';
import type { NamespaceShells } from './namespace-shell.js';
import { namespaceName, type Role, roles } from './namespaces.js';

/** A network of two hosts: the first of it and the second. */
interface Link {
  readonly ends: readonly [{ role: Role; device: string }, { role: Role; device: string }];
  readonly networks: Readonly<Record<Family, string>>;
}

/** The director's interface toward a namespace. */
export const directorDevice = (role: Role): string => `to-${role}`;

const link = (role: Role, ipv4: string, ipv6: string): Link => ({
  ends: [
    { role: 'director', device: directorDevice(role) },
    { role, device: 'eth0' },
  ],
  networks: { ipv4, ipv6 },
});

/** Around the director: the way of replies where a real server has the virtual address itself. */
const bypass = (role: Role, ipv4: string, ipv6: string): Link => ({
  ends: [
    { role: 'client', device: `from-${role}` },
    { role, device: 'bypass' },
  ],
  networks: { ipv4, ipv6 },
});

const links: readonly Link[] = [
  link('client', '10.0.1.', 'fd00:10:0:1::'),
  link('rs1', '10.0.2.', 'fd00:10:0:2::'),
  link('rs2', '10.0.3.', 'fd00:10:0:3::'),
  bypass('rs1', '10.0.12.', 'fd00:10:0:12::'),
  bypass('rs2', '10.0.13.', 'fd00:10:0:13::'),
];

/** The address families of this kernel. */
export const kernelFamilies = (): readonly Family[] =>
  allFamilies.filter((family) => family === 'ipv4' || existsSync('/proc/net/if_inet6'));

const length = { ipv4: { link: 24, host: 32 }, ipv6: { link: 64, host: 128 } } as const;

const MODULES = ['ip_vs', 'ip_vs_rr', 'veth', 'dummy'];

/**
 * Builds four namespaces joined by veth, the director in the middle with the virtual addresses on a
 * dummy device. The caller removes the namespaces, even after an error; all else is inside them.
 *
 * @throws IpvscopeError `ERR_SCENARIO_ROOT`, `ERR_SCENARIO_KERNEL` or `ERR_PROGRAM_FAILED`.
 */
export async function buildTopology(
  shells: NamespaceShells,
  families: readonly Family[],
): Promise<void> {
  const missing = await loadModules();
  try {
    await batch(
      [],
      [
        ...roles.map((role) => `netns add ${namespaceName(role)}`),
        ...links.map(
          ({ ends: [first, second] }) =>
            `link add ${first.device} netns ${namespaceName(first.role)} type veth` +
            ` peer name ${second.device} netns ${namespaceName(second.role)}`,
        ),
      ],
    );
    // Replies of a real server that has the virtual address must not be dropped for their way back.
    const lenient = { 'net/ipv4/conf/all/rp_filter': 0, 'net/ipv4/conf/default/rp_filter': 0 };
    await Promise.all(roles.map((role) => shells.setSysctls(role, lenient)));
    await Promise.all(
      roles.map(async (role) => {
        await batch(
          ['-n', namespaceName(role)],
          [...deviceLines(role, families), ...routeLines(role, families)],
        );
        const rules = families.map((family) =>
          batch([`-${family.at(-1)}`, '-n', namespaceName(role)], ruleLines(role, family)),
        );
        await Promise.all(rules);
      }),
    );
  } catch (cause) {
    throw missing === '' ? cause : kernelLacks(missing, cause);
  }
}

function deviceLines(role: Role, families: readonly Family[]): readonly string[] {
  return [
    'link set lo up',
    ...links.flatMap(({ ends, networks }) =>
      ends.flatMap((end, index) => {
        if (end.role !== role) return [];
        const address = (family: Family): string =>
          addressLine(`${networks[family]}${index + 1}`, length[family].link, end.device);
        return [...families.map(address), `link set ${end.device} up`];
      }),
    ),
    ...(role === 'director'
      ? [
          'link add virtual type dummy',
          'link set virtual up',
          ...families.flatMap((family) =>
            [addresses[family].virtual, addresses[family].direct].map((address) =>
              addressLine(address, length[family].host, 'virtual'),
            ),
          ),
        ]
      : []),
  ];
}

/**
 * A copy of a connection's last packets that comes when the client's socket is gone is answered by a
 * reset, and the entry is in CLOSE instead of TIME_WAIT: on a busy machine the least wait of 200 ms is
 * short. SYNs have a wait of their own.
 */
const PATIENCE = ' rto_min 1s';

/** The default route: through the director. */
function routeLines(role: Role, families: readonly Family[]): readonly string[] {
  const networks = links.find(({ ends }) => ends[1].role === role)?.networks;
  if (networks === undefined) return [];
  return families.map((family) => `route add default via ${networks[family]}1${PATIENCE}`);
}

/** ... but not what a real server sends from the virtual address. */
function ruleLines(role: Role, family: Family): readonly string[] {
  const past = links.find(({ ends }) => ends[1].role === role && ends[1].device === 'bypass');
  if (past === undefined) return [];
  const { direct } = addresses[family];
  return [
    addressLine(direct, length[family].host, 'lo'),
    `rule add from ${direct} lookup 100`,
    `route add default via ${past.networks[family]}1 dev bypass table 100${PATIENCE}`,
  ];
}

/** IPv6 waits a second for a duplicate otherwise, and the address cannot be used until then. */
const addressLine = (address: string, prefix: number, device: string): string =>
  `address add ${address}/${prefix} dev ${device}${address.includes(':') ? ' nodad' : ''}`;

/** The real servers take packets out of tunnels, where the modules ipip and ip6_tunnel are loaded. */
export async function openTunnels(shells: NamespaceShells): Promise<void> {
  const devices = TUNNELS.filter(({ module }) => existsSync(`/sys/module/${module}`));
  for (const role of ['rs1', 'rs2'] as const) {
    const lines = devices.map(({ device }) => `link set ${device} up`);
    await batch(['-n', namespaceName(role)], lines);
    if (lines.length > 0) await shells.setSysctls(role, { 'net/ipv4/conf/tunl0/rp_filter': 0 });
  }
}

const TUNNELS = [
  { module: 'ipip', device: 'tunl0' },
  { module: 'ip6_tunnel', device: 'ip6tnl0' },
] as const;

function batch(options: readonly string[], lines: readonly string[]): Promise<string> {
  return programText('ip', [...options, '-batch', '-'], {
    step: 'topology',
    input: lines.map((line) => `${line}\n`).join(''),
  });
}

/** Best effort: what is built in needs no module. Returns the modules that modprobe refused. */
async function loadModules(): Promise<string> {
  if (process.geteuid?.() !== 0) {
    throw new IpvscopeError('ERR_SCENARIO_ROOT', 'creating network namespaces requires root', {
      step: 'topology',
      hint: 'run as root, or in the lab: ipvscope lab reproduce ...',
    });
  }
  const refused = await Promise.all(
    MODULES.map(async (module) => {
      try {
        await programText('modprobe', [module], { step: 'modules' });
        return '';
      } catch {
        return module;
      }
    }),
  );
  if (!existsSync('/proc/net/ip_vs')) {
    throw kernelLacks('ip_vs');
  }
  return refused.filter((module) => module !== '').join(', ');
}

function kernelLacks(modules: string, cause?: unknown): IpvscopeError {
  return new IpvscopeError('ERR_SCENARIO_KERNEL', `this kernel has no ${modules}`, {
    step: 'modules',
    hint: 'install the modules of the running kernel, or play it in the lab',
    ...(cause === undefined ? {} : { cause }),
  });
}
