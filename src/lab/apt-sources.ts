import type { DebianKernel } from './debian-kernels.js';

/** A repository of this machine's apt configuration. */
export interface AptRepository {
  readonly uri: string;
  readonly suite: string;
}

/** Suites of the Debian archive and of its security and updates repositories. */
const DEBIAN_SUITE =
  /^(?:(?:old){0,2}stable|testing|unstable|sid|bullseye|bookworm|trixie|forky|duke)(-security|-updates)?$/;

/**
 * Parses the repositories in the output of `apt-get update --print-uris`, which lists them from the
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
 * Returns the sources of the kernel's suite on the mirrors that this machine already uses, as a
 * deb822 file; an empty string if apt has no Debian mirror.
 *
 * A third party may name its suites like Debian's; apt rejects such a repository, as its signature
 * is not in the keyring.
 */
export function kernelSources(
  repositories: readonly AptRepository[],
  kernel: DebianKernel,
  keyring: string,
): string {
  const suites = new Map<string, readonly string[]>();
  for (const { uri, suite } of repositories) {
    const match = DEBIAN_SUITE.exec(suite);
    if (match === null) {
      continue;
    }
    if (match[1] !== '-security') {
      suites.set(
        uri,
        kernel.hasSecuritySuite ? [kernel.suite, `${kernel.suite}-updates`] : [kernel.suite],
      );
    } else if (kernel.hasSecuritySuite) {
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
