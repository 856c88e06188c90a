/** A file or directory of an initial RAM disk. */
export interface CpioEntry {
  /** Without a leading slash; parent directories precede it in the archive. */
  readonly path: string;
  /** Absent: a directory. */
  readonly content?: Uint8Array;
  readonly executable?: boolean;
}

const DIRECTORY = 0o040755;
const FILE = 0o100644;
const PROGRAM = 0o100755;

/**
 * Packs the entries into a `newc` archive, the format that the kernel unpacks
 * (Documentation/driver-api/early-userspace/buffer-format.rst). Equal entries give equal bytes: the
 * owner is root, the time zero.
 */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  const parts: Uint8Array[] = [];
  entries.forEach((entry, index) => {
    const content = entry.content ?? new Uint8Array();
    const mode = entry.content === undefined ? DIRECTORY : entry.executable ? PROGRAM : FILE;
    parts.push(...member(entry.path, index + 1, mode, content));
  });
  parts.push(...member('TRAILER!!!', 0, 0, new Uint8Array()));
  return Buffer.concat(parts);
}

function member(path: string, inode: number, mode: number, content: Uint8Array): Uint8Array[] {
  const name = Buffer.from(`${path}\0`);
  const [uid, gid, links, time, device, check] = [0, 0, 1, 0, 0, 0];
  const fields = [inode, mode, uid, gid, links, time, content.length];
  fields.push(device, device, device, device, name.length, check);
  const header = Buffer.from(`070701${fields.map(hex).join('')}`);
  return [header, name, padding(header.length + name.length), content, padding(content.length)];
}

function hex(value: number): string {
  return value.toString(16).toUpperCase().padStart(8, '0');
}

function padding(length: number): Uint8Array {
  return new Uint8Array((4 - (length % 4)) % 4);
}
