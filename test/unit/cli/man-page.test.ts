import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildProgram } from '../../../src/cli/build-program.js';
import { manPage } from '../../../src/cli/support/man-page-text.js';
import { version } from '../../../src/version.js';

const file = fileURLToPath(new URL('../../../../docs/man/ipvscope.1', import.meta.url));
const { command, helps } = await buildProgram(() => true);
const page = manPage(command, { helps, version });

test('docs/man/ipvscope.1 is the page of these commands', () => {
  assert.equal(readFileSync(file, 'utf8'), page, 'write it with: npm run generate:man');
});

test('every command and each of its options is there', () => {
  for (const its of command.commands) {
    if (its.name() === 'man-page' || its.name() === 'help') continue;
    assert.match(page, new RegExp(`^\\.SS ${its.name()}$`, 'm'));
    for (const { long } of its.options) {
      assert.ok(page.includes(`\\fB${long?.replaceAll('-', '\\-')}\\fR`), `${its.name()} ${long}`);
    }
  }
  assert.match(page, /^\.SS lab demo$/m);
  assert.doesNotMatch(page, /man\\-page|lab acts/);
});

const programs = [
  { name: 'mandoc', args: ['-T', 'lint', '-W', 'warning'] },
  { name: 'groff', args: ['-man', '-Tutf8', '-ww', '-z'] },
];

for (const { name, args } of programs) {
  const skip =
    spawnSync(name, ['--version']).error === undefined ? false : `${name} is not installed`;
  test(`${name} has nothing to say of it`, { skip }, () => {
    const { stdout, stderr } = spawnSync(name, [...args, file], { encoding: 'utf8' });
    const said = `${stdout}${stderr}`.split('\n').filter(Boolean);
    // A date would make the page another one each day.
    assert.deepEqual(
      said.filter((line) => !line.endsWith('missing date, using "": TH')),
      [],
    );
  });
}
