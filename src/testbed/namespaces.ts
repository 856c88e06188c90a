import { readlink, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { programText } from '../exec/run.js';

export const roles = ['client', 'director', 'rs1', 'rs2'] as const;

export type Role = (typeof roles)[number];

/** Where iproute2 keeps the names of namespaces. */
const DIRECTORY = '/run/netns';
const OURS = /^ipvscope-(\d+)-(?:client|director|rs1|rs2)$/;

export const namespaceName = (role: Role, pid: number = process.pid): string =>
  `ipvscope-${pid}-${role}`;

/** The inode number that the probe's records carry. */
export async function namespaceInode(role: Role): Promise<number> {
  return (await stat(`${DIRECTORY}/${namespaceName(role)}`)).ino;
}

/** Namespace names of testbeds, by the PID of their process; other names are left out. */
export function testbedNamespaces(list: string): ReadonlyMap<number, readonly string[]> {
  const byOwner = new Map<number, string[]>();
  for (const line of list.split('\n')) {
    // `ip netns list` adds " (id: 3)" where a namespace has one.
    const name = line.split(' ')[0] ?? '';
    const owner = Number(OURS.exec(name)?.[1]);
    if (Number.isNaN(owner)) continue;
    byOwner.set(owner, [...(byOwner.get(owner) ?? []), name]);
  }
  return byOwner;
}

/**
 * Removes what a crashed run left behind: the namespaces of processes that have ended, with whatever
 * still runs in them. Returns the names removed. In doubt they stay.
 */
export async function removeLeftovers(): Promise<readonly string[]> {
  const byOwner = testbedNamespaces(
    await programText('ip', ['netns', 'list'], { step: 'leftovers' }),
  );
  const removed: string[] = [];
  for (const [owner, names] of byOwner) {
    if (!(await isGone(owner, names))) continue;
    await removeNamespaces(names);
    removed.push(...names);
  }
  return removed;
}

/** Removes those of the namespaces that exist, and kills what runs in them. */
export async function removeNamespaces(names: readonly string[]): Promise<void> {
  const list = await programText('ip', ['netns', 'list'], { step: 'clean-up' });
  const existing = [...testbedNamespaces(list).values()].flat();
  const remove = async (name: string): Promise<void> => {
    // A process in it would keep a namespace alive that nobody can name any more.
    for (const pid of await processesIn(name)) {
      kill(pid);
    }
    await programText('ip', ['netns', 'delete', name], { step: 'clean-up' });
  };
  await Promise.all(names.filter((name) => existing.includes(name)).map(remove));
}

async function processesIn(name: string): Promise<readonly number[]> {
  const text = await programText('ip', ['netns', 'pids', name], { step: 'clean-up' });
  return text.split('\n').filter(Boolean).map(Number);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

/**
 * Whether the process that built a testbed has ended. Another process may have its PID by now: one that
 * is not Node built no testbed, and this process did not unless something runs in the namespaces.
 */
async function isGone(owner: number, names: readonly string[]): Promise<boolean> {
  if (owner === process.pid) {
    return (await Promise.all(names.map(processesIn))).flat().length === 0;
  }
  try {
    return !basename(await readlink(`/proc/${owner}/exe`)).startsWith('node');
  } catch (cause) {
    return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
  }
}
