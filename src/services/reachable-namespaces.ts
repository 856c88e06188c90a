import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Where iproute2 and Docker keep network namespaces by name. */
const NAME_DIRECTORIES = ['run/netns', 'run/docker/netns'];
const LINK = /^net:\[(\d+)\]$/;

/** The inode number of a process's network namespace; undefined where it may not be read, or is gone. */
export function processNetns(root: string, pid: number | 'self'): number | undefined {
  try {
    const match = LINK.exec(readlinkSync(`${root}/proc/${pid}/ns/net`));
    return match === null ? undefined : Number(match[1]);
  } catch {
    return undefined;
  }
}

/**
 * The host's network namespace: that of process 1 (a sidecar has to share the host's process IDs for
 * it), else the own one. 0 where /proc is not there.
 */
export const hostNetns = (root = ''): number =>
  processNetns(root, 1) ?? processNetns(root, 'self') ?? 0;

export interface ReachableNamespaces {
  /** Processes by the inode number of their network namespace. */
  readonly processes: ReadonlyMap<number, readonly number[]>;
  /** Processes whose namespace may not be read (it takes CAP_SYS_PTRACE). */
  readonly unreadable: number;
}

/** Enough to read a namespace's files while processes end. */
const MOST_PROCESSES = 4;

/** Every network namespace that a process is in, from a look at all processes. */
export function reachableNamespaces(root = ''): ReachableNamespaces {
  const processes = new Map<number, number[]>();
  let unreadable = 0;
  for (const name of readdirSync(`${root}/proc`)) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    let link: string;
    try {
      link = readlinkSync(`${root}/proc/${pid}/ns/net`);
    } catch (cause) {
      if (isRefused(cause)) unreadable++;
      continue;
    }
    const netns = Number(LINK.exec(link)?.[1]);
    if (Number.isNaN(netns)) continue;
    const known = processes.get(netns);
    if (known === undefined) processes.set(netns, [pid]);
    else if (known.length < MOST_PROCESSES) known.push(pid);
  }
  return { processes, unreadable };
}

const isRefused = (cause: unknown): boolean =>
  cause instanceof Error && 'code' in cause && (cause.code === 'EACCES' || cause.code === 'EPERM');

/** What people call network namespaces (`ip netns`, Docker), by inode number. */
export const namespaceNames = (root = ''): ReadonlyMap<number, string> =>
  new Map([...namespacePaths(root)].map(([netns, path]) => [netns, basename(path)]));

/** Where network namespaces with a name are mounted, by inode number. */
export function namespacePaths(root = ''): ReadonlyMap<number, string> {
  const paths = new Map<number, string>();
  let device: number;
  try {
    device = statSync(`${root}/proc/self/ns/net`).dev;
  } catch {
    return paths;
  }
  for (const directory of NAME_DIRECTORIES) {
    for (const name of namesIn(join(root, '/', directory))) {
      const path = join(root, '/', directory, name);
      const netns = inodeOn(device, path);
      if (netns !== undefined && !paths.has(netns)) paths.set(netns, path);
    }
  }
  return paths;
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

/** A file that nothing is mounted on any more has a number of the directory's own file system. */
function inodeOn(device: number, path: string): number | undefined {
  try {
    const { dev, ino } = statSync(path);
    return dev === device ? ino : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Names of network namespaces for people: of the host's none, of any other that of `ip netns` or
 * Docker, else its inode number. A namespace that is met for the first time is looked up anew.
 */
export function namespaceNamer(root = ''): (netns: number) => string | undefined {
  const host = hostNetns(root);
  const known = new Map<number, string>();
  return (netns) => {
    if (netns === host || netns === 0) return undefined;
    const name = known.get(netns) ?? namespaceNames(root).get(netns) ?? String(netns);
    known.set(netns, name);
    return name;
  };
}
