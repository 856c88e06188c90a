import { existsSync } from 'node:fs';
import { ExitCode, IpvscopeError } from '../error.js';
import { programText } from '../run-program.js';
import { namespaceName, type Role, roles, runInside } from './namespaces.js';

export interface RealServer {
  readonly role: Role;
  readonly address: string;
  readonly port: number;
}

/** The addresses of every stage: each has namespaces of its own, so they never meet. */
export const topology = {
  virtualAddress: '10.96.0.10',
  virtualPort: 80,
  clientAddress: '10.0.1.2',
  servers: [
    { role: 'rs1', address: '10.0.2.2', port: 8080 },
    { role: 'rs2', address: '10.0.3.2', port: 8080 },
  ] as const satisfies readonly RealServer[],
} as const;

/** The director's end of each link, by the namespace at the other end, and the link's network. */
const links = [
  { role: 'client', network: '10.0.1' },
  { role: 'rs1', network: '10.0.2' },
  { role: 'rs2', network: '10.0.3' },
] as const;

export const virtualService = `${topology.virtualAddress}:${topology.virtualPort}`;

export const serverName = (server: RealServer): string => `${server.address}:${server.port}`;

/** The director's interface toward a namespace. */
export const legOf = (role: Role): string => `to-${role}`;

const MODULES = ['ip_vs', 'ip_vs_rr', 'veth', 'dummy'];

/**
 * Four namespaces joined by veth, the director in the middle with the virtual address on a dummy
 * device. The caller removes the namespaces, whatever comes of it; all else is inside them.
 *
 * @throws IpvscopeError `ERR_SCENARIO_ROOT`, `ERR_SCENARIO_KERNEL` or `ERR_PROGRAM_FAILED`.
 */
export async function buildTopology(): Promise<void> {
  const missing = await loadModules();
  try {
    await batch(
      [],
      [
        ...roles.map((role) => `netns add ${namespaceName(role)}`),
        ...links.map(
          ({ role }) =>
            `link add ${legOf(role)} netns ${namespaceName('director')} type veth` +
            ` peer name eth0 netns ${namespaceName(role)}`,
        ),
      ],
    );
    await Promise.all([
      batch(
        ['-n', namespaceName('director')],
        [
          'link set lo up',
          'link add virtual type dummy',
          'link set virtual up',
          `address add ${topology.virtualAddress}/32 dev virtual`,
          ...links.flatMap(({ role, network }) => [
            `address add ${network}.1/24 dev ${legOf(role)}`,
            `link set ${legOf(role)} up`,
          ]),
        ],
      ),
      ...links.map(({ role, network }) =>
        batch(
          ['-n', namespaceName(role)],
          [
            'link set lo up',
            `address add ${network}.2/24 dev eth0`,
            'link set eth0 up',
            `route add default via ${network}.1`,
          ],
        ),
      ),
    ]);
  } catch (cause) {
    throw missing === '' ? cause : kernelLacks(missing, cause);
  }
}

/** Sets sysctls inside the director's namespace only; names as paths below /proc/sys. */
export async function setDirectorSysctls(values: Readonly<Record<string, number>>): Promise<void> {
  // /proc/sys/net shows the namespace of the process that opens it.
  const script = 'while [ $# -gt 0 ]; do printf %s "$2" >"/proc/sys/$1" || exit 1; shift 2; done';
  const pairs = Object.entries(values).flatMap(([name, value]) => [name, String(value)]);
  await runInside('director', ['sh', '-c', script, 'sh', ...pairs], { step: 'sysctl' });
}

function batch(options: readonly string[], lines: readonly string[]): Promise<string> {
  return programText('ip', [...options, '-batch', '-'], {
    step: 'topology',
    input: lines.map((line) => `${line}\n`).join(''),
  });
}

/** Best effort: what is built in needs no module. Gives what modprobe complained about. */
async function loadModules(): Promise<string> {
  if (process.geteuid?.() !== 0) {
    throw new IpvscopeError('ERR_SCENARIO_ROOT', 'network namespaces are made by root only', {
      step: 'topology',
      hint: 'run as root, or in the lab',
      exitCode: ExitCode.prerequisite,
    });
  }
  const complaints = await Promise.all(
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
  return complaints.filter((module) => module !== '').join(', ');
}

function kernelLacks(modules: string, cause?: unknown): IpvscopeError {
  return new IpvscopeError('ERR_SCENARIO_KERNEL', `this kernel has no ${modules}`, {
    step: 'modules',
    hint: 'install the modules of the running kernel, or play it in the lab',
    exitCode: ExitCode.prerequisite,
    ...(cause === undefined ? {} : { cause }),
  });
}
