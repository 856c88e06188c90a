import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

/** A folder of `src`, `native/bpf` or `native/addon`. */
export interface Room {
  readonly name: string;
  readonly files: number;
  /** Lines of product code: neither blank nor comment. Generated files are left out. */
  readonly lines: number;
}

/** Imports of one room's files from another room. */
export interface Arrow {
  readonly from: string;
  readonly to: string;
  readonly imports: number;
}

export interface House {
  readonly rooms: readonly Room[];
  readonly arrows: readonly Arrow[];
  /** Files that import each other in a circle: of types, too, but not those loaded when needed. */
  readonly fileCircles: readonly (readonly string[])[];
}

const CODE = /\.(?:ts|c|cc|h)$/;
const GENERATED = /\.generated\.ts$/;
const IMPORT = /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s*'(\.[^']+)'|\bimport\(\s*'(\.[^']+)'/g;

/** Reads the rooms of a checkout and the imports between them, from its sources alone. */
export function readHouse(root: string): House {
  const rooms = new Map<string, { files: number; lines: number }>();
  const arrows = new Map<string, Map<string, number>>();
  const files: string[] = [];
  const imports: Arrow[] = [];
  const paths = [...filesBelow(root, 'src'), ...filesBelow(root, 'native')];
  const split = splitFolders(paths);
  /** Headers are included by name alone or by path. */
  const headers = new Map(paths.map((path) => [basename(path), path]));
  for (const path of paths) {
    const room = roomOf(path, split);
    if (room === undefined || GENERATED.test(path)) continue;
    const text = readFileSync(join(root, path), 'utf8');
    const known = rooms.get(room) ?? { files: 0, lines: 0 };
    rooms.set(room, { files: known.files + 1, lines: known.lines + codeLines(text) });
    files.push(path);
    for (const { target, lazy } of targetsOf(path, text, headers)) {
      if (!lazy) imports.push({ from: path, to: target, imports: 1 });
      const other = roomOf(target, split);
      if (other === undefined || other === room) continue;
      const from = arrows.get(room) ?? new Map<string, number>();
      from.set(other, (from.get(other) ?? 0) + 1);
      arrows.set(room, from);
    }
  }
  return {
    rooms: [...rooms].map(([name, size]) => ({ name, ...size })),
    arrows: [...arrows].flatMap(([from, targets]) =>
      [...targets].map(([to, count]) => ({ from, to, imports: count })),
    ),
    fileCircles: circles(files, imports),
  };
}

interface Target {
  readonly target: string;
  /** Loaded when it is needed, by `import()`. */
  readonly lazy: boolean;
}

/** The files that a file imports or includes. */
function targetsOf(path: string, text: string, headers: ReadonlyMap<string, string>): Target[] {
  if (path.endsWith('.ts')) {
    return [...text.matchAll(IMPORT)].map(([, plain, late]) => ({
      target: join(dirname(path), plain ?? late ?? '').replace(/\.js$/, '.ts'),
      lazy: plain === undefined,
    }));
  }
  return [...text.matchAll(/^#include "([^"]+)"/gm)]
    .map(([, name = '']) => headers.get(basename(name)))
    .filter((target) => target !== undefined)
    .map((target) => ({ target, lazy: false }));
}

function filesBelow(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && CODE.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

/**
 * `src/lab/boot.ts` is in `lab`; a file of `src` itself is a room of its own, by its name; of a folder
 * that has an index and folders only, each of these is a room. Native rooms are the folders of
 * `native/bpf` and `native/addon`, and these themselves.
 */
function roomOf(path: string, split: ReadonlySet<string>): string | undefined {
  const [top, folder = '', ...rest] = path.split('/');
  const inner = rest.slice(0, -1);
  if (top === 'src') {
    if (rest.length === 0) return folder.replace(/\.[jt]s$/, '');
    return split.has(folder) ? [folder, ...inner.slice(0, 1)].join('/') : folder;
  }
  if (top !== 'native' || !['bpf', 'addon'].includes(folder)) return undefined;
  return ['native', folder, ...inner].join('/');
}

/** Folders of `src` without a file of their own but an index. */
function splitFolders(paths: readonly string[]): ReadonlySet<string> {
  const folders = new Set(paths.map((path) => path.split('/')[1] ?? ''));
  for (const path of paths) {
    const [top, folder = '', file, more] = path.split('/');
    if (top === 'src' && more === undefined && file !== 'index.ts') folders.delete(folder);
  }
  return folders;
}

function codeLines(text: string): number {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .split('\n')
    .filter((line) => !/^\s*(?:\/\/.*)?$/.test(line)).length;
}

/** Names that reach each other by arrows, as groups of two or more; empty: there is no circle. */
export function circles(
  names: readonly string[],
  arrows: readonly Arrow[],
): readonly (readonly string[])[] {
  const targets = new Map<string, string[]>();
  for (const { from, to } of arrows) targets.set(from, [...(targets.get(from) ?? []), to]);
  const reached = new Map(names.map((name) => [name, reach(name, targets)]));
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const mutual = (other: string): boolean =>
      other === name ||
      (reached.get(name)?.has(other) === true && reached.get(other)?.has(name) === true);
    const group = names.filter(mutual);
    if (group.length > 1) groups.set(group.join(), group);
  }
  return [...groups.values()];
}

function reach(name: string, targets: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const found = new Set<string>();
  const queue = [name];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const to of targets.get(next) ?? []) {
      if (found.has(to)) continue;
      found.add(to);
      queue.push(to);
    }
  }
  return found;
}
