import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import type { Slices } from '../slices.js';
import { TableParser } from './parse.js';
import { namespacePaths, processNetns, reachableNamespaces } from './reachable-namespaces.js';
import type { VirtualService } from './virtual-service.js';

/** The kernel fills no more than a page a read (seq_read_iter(), fs/seq_file.c), or one service. */
const PIECE_BYTES = 65_536;

/** Of a process that ends while it is asked (proc_tgid_net_lookup(), fs/proc/proc_net.c), or is hidden. */
const GONE = new Set(['ENOENT', 'ESRCH', 'EINVAL', 'ENOTDIR', 'EACCES', 'EPERM']);

export const noServices: ServicesRead = {
  services: [],
  namespaces: 0,
  unreadableProcesses: 0,
  unreadableNamespaces: 0,
  unreadableLines: 0,
};

/** What one look at all namespaces found. */
export interface ServicesRead {
  readonly services: VirtualService[];
  /** Namespaces whose table was read. */
  readonly namespaces: number;
  /** Processes whose namespace could not be read: there may be more services. */
  readonly unreadableProcesses: number;
  /** Namespaces with a name and without a process whose table could not be read. */
  readonly unreadableNamespaces: number;
  /** Lines of tables that could not be parsed. */
  readonly unreadableLines: number;
}

/** Reads /proc/net/<name> inside the network namespace that is mounted at a path. */
export type ReadInside = (namespace: string, name: string) => Promise<Uint8Array>;

export interface ReadOptions {
  /** Where the file system of the machine begins. */
  readonly root: string;
  readonly slices: Slices;
  readonly readInside: ReadInside;
}

/**
 * Reads the virtual services of every network namespace that some process is in, or that has a name:
 * that of Docker Swarm's ingress has no process. Throws the system's error where it refuses more than that:
 * out of descriptors, for example.
 */
export async function readServices({
  root,
  slices,
  readInside,
}: ReadOptions): Promise<ServicesRead> {
  // Every namespace has the file while ip_vs is loaded, and none has it otherwise.
  if (!existsSync(`${root}/proc/self/net/ip_vs`)) {
    return noServices;
  }
  const { processes, unreadable } = reachableNamespaces(root);
  const services: VirtualService[] = [];
  let namespaces = 0;
  let unreadableLines = 0;
  for (const [netns, pids] of processes) {
    if (slices.isOver) await slices.pause();
    for (const pid of pids) {
      const parser = new TableParser(netns);
      const read = await readInto(parser, `${root}/proc/${pid}/net/ip_vs`, slices);
      // The process may have ended, and its number be another's: then this was another's table.
      if (!read || processNetns(root, pid) !== netns) continue;
      services.push(...parser.end());
      unreadableLines += parser.unreadable;
      namespaces++;
      break;
    }
  }
  let unreadableNamespaces = 0;
  for (const [netns, path] of namespacePaths(root)) {
    if (processes.has(netns)) continue;
    const parser = new TableParser(netns);
    if (!(await readNamed(parser, path, { slices, readInside }))) {
      unreadableNamespaces++;
      continue;
    }
    services.push(...parser.end());
    unreadableLines += parser.unreadable;
    namespaces++;
  }
  return {
    services,
    namespaces,
    unreadableProcesses: unreadable,
    unreadableNamespaces,
    unreadableLines,
  };
}

/** Whether the table could be read: it takes CAP_SYS_ADMIN to enter a namespace. */
async function readNamed(
  parser: TableParser,
  path: string,
  { slices, readInside }: Omit<ReadOptions, 'root'>,
): Promise<boolean> {
  let table: Uint8Array;
  try {
    table = await slices.waitFor(readInside(path, 'ip_vs'));
  } catch (cause) {
    if (isGone(cause)) return false;
    throw cause;
  }
  for (let at = 0; at < table.length; at += PIECE_BYTES) {
    if (slices.isOver) await slices.pause();
    parser.push(table.subarray(at, at + PIECE_BYTES));
  }
  return true;
}

/** Whether the file could be read to its end; false where its process is gone. */
async function readInto(parser: TableParser, path: string, slices: Slices): Promise<boolean> {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const piece = new Uint8Array(PIECE_BYTES);
    for (;;) {
      const length = readSync(file, piece);
      if (length === 0) return true;
      parser.push(piece.subarray(0, length));
      if (slices.isOver) await slices.pause();
    }
  } catch (cause) {
    if (isGone(cause)) return false;
    throw cause;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

const isGone = (cause: unknown): boolean =>
  cause instanceof Error && 'code' in cause && GONE.has(String(cause.code));
