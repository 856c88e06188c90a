import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { kernelSources, parseRepositories } from '../../../src/lab/apt-sources.js';
import { debianKernel } from '../../../src/lab/debian-kernels.js';

const MAIN = 'http://mirror.test/debian';
const SECURITY = 'http://mirror.test/debian-security';
const KEYRING = '/keyring.gpg';

const printed = [
  `'${MAIN}/dists/bookworm/InRelease' mirror_dists_bookworm_InRelease 0 `,
  `'${MAIN}/dists/bookworm-updates/InRelease' mirror_dists_bookworm-updates_InRelease 0 `,
  `'${SECURITY}/dists/bookworm-security/InRelease' mirror_dists_bookworm-security_InRelease 0 `,
  `'${MAIN}/dists/bookworm/main/binary-amd64/Packages.xz' mirror_Packages 0 `,
].join('\n');

function stanza(uri: string, suites: string): string {
  return [
    'Types: deb',
    `URIs: ${uri}`,
    `Suites: ${suites}`,
    'Components: main',
    'Targets: Packages',
    `Signed-By: ${KEYRING}`,
    '',
  ].join('\n');
}

describe('the repositories that apt prints', () => {
  it('gives none for output without a release file', () => {
    assert.deepEqual(parseRepositories(''), []);
    assert.deepEqual(parseRepositories("E: something\n'http://mirror.test/flat/Release' x 0"), []);
  });

  it('gives each release file, and nothing else', () => {
    assert.deepEqual(parseRepositories(printed), [
      { uri: MAIN, suite: 'bookworm' },
      { uri: MAIN, suite: 'bookworm-updates' },
      { uri: SECURITY, suite: 'bookworm-security' },
    ]);
  });
});

describe('the sources of a kernel', () => {
  it('is empty where apt knows no Debian suite', () => {
    const foreign = [
      { uri: 'http://mirror.test/node', suite: 'nodistro' },
      { uri: 'http://mirror.test/ubuntu', suite: 'noble' },
      { uri: 'http://mirror.test/pg', suite: 'bookworm-pgdg' },
    ];
    assert.equal(kernelSources(foreign, debianKernel('6.1'), KEYRING), '');
  });

  const cases = [
    ['5.10', stanza(MAIN, 'bullseye bullseye-updates'), stanza(SECURITY, 'bullseye-security')],
    ['6.1', stanza(MAIN, 'bookworm bookworm-updates'), stanza(SECURITY, 'bookworm-security')],
    ['6.12', stanza(MAIN, 'trixie trixie-updates'), stanza(SECURITY, 'trixie-security')],
    ['7', stanza(MAIN, 'sid')],
  ] as const;
  for (const [kernel, ...expected] of cases) {
    it(`asks the machine's mirrors for the suite of ${kernel}`, () => {
      const sources = kernelSources(parseRepositories(printed), debianKernel(kernel), KEYRING);
      assert.equal(sources, expected.join('\n'));
    });
  }
});
