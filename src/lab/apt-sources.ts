import type { DebianKernel } from './debian-kernels.js';

/** A repository that the machine's own apt uses. */
export interface AptRepository {
  readonly uri: string;
  readonly suite: string;
}

/** Suites whose repository is a plain Debian archive or its security twin. */
const DEBIAN_SUITE =
  /^(?:(?:old){0,2}stable|testing|unstable|sid|bullseye|bookworm|trixie|forky|duke)(-security|-updates)?$/;

/**
 * The repositories in the output of `apt-get update --print-uris`, which names them from the
 * machine's configuration alone, even before its first update.
 */
export function parseRepositories(printedUris: string): readonly AptRepository[] {
  const repositories: AptRepository[] = [];
  for (const line of printedUris.split('\n')) {
    const match = /^'(.+)\/dists\/([^']+)\/InRelease'/.exec(line);
    if (match?.[1] !== undefined && match[2] !== undefined) {
      repositories.push({ uri: match[1], suite: match[2] });
    }
  }
  return repositories;
}

/**
 * The sources of another suite on the mirrors that the machine already uses, as a deb822 file; an
 * empty string if it has no Debian mirror.
 *
 * A third party may name its suites like Debian's; its signature is not in the keyring, so apt
 * drops it.
 */
export function kernelSources(
  repositories: readonly AptRepository[],
  kernel: DebianKernel,
  keyring: string,
): string {
  const suites = new Map<string, readonly string[]>();
  for (const { uri, suite } of repositories) {
    const twin = DEBIAN_SUITE.exec(suite);
    if (twin === null) {
      continue;
    }
    if (twin[1] !== '-security') {
      suites.set(uri, kernel.twins ? [kernel.suite, `${kernel.suite}-updates`] : [kernel.suite]);
    } else if (kernel.twins) {
      suites.set(uri, [`${kernel.suite}-security`]);
    }
  }
  return [...suites].map(([uri, names]) => stanza(uri, names, keyring)).join('\n');
}

function stanza(uri: string, suites: readonly string[], keyring: string): string {
  return `Types: deb
URIs: ${uri}
Suites: ${suites.join(' ')}
Components: main
Targets: Packages
Signed-By: ${keyring}
`;
}
