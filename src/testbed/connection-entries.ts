import type { NamespaceShells } from './namespace-shell.js';
import type { Role } from './namespaces.js';

/** A connection entry, as /proc/net/ip_vs_conn prints it. */
export interface ConnectionEntry {
  readonly protocol: string;
  readonly clientPort: number;
  readonly virtualPort: number;
  readonly state: string;
}

/** Reads the connection entries of a namespace. */
export async function readEntries(
  shells: NamespaceShells,
  role: Role,
): Promise<readonly ConnectionEntry[]> {
  const command = ['cat', '/proc/net/ip_vs_conn'];
  return parseEntries(await shells.execInNamespace(role, command, { step: 'entries' }));
}

/** Parses the text of /proc/net/ip_vs_conn. */
export function parseEntries(text: string): readonly ConnectionEntry[] {
  const hex = (word = ''): number => Number.parseInt(word, 16);
  return text.split('\n').flatMap((line) => {
    const [protocol = '', , clientPort, , virtualPort, , , state = ''] = line.trim().split(/\s+/);
    return ['TCP', 'UDP', 'SCTP'].includes(protocol)
      ? [{ protocol, clientPort: hex(clientPort), virtualPort: hex(virtualPort), state }]
      : [];
  });
}
