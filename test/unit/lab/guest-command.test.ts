import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { guestCommand, shellWord } from '../../../src/lab/guest-command.js';

describe('a word of the shell', () => {
  const cases = [
    '',
    'plain',
    'two words',
    "it's",
    "''",
    '"double"',
    'new\nline\n',
    '$HOME `id` $(id) \\',
    '-n',
    '*',
    'ünï✓',
    '\u0001\u0081',
  ];
  for (const text of cases) {
    it(`passes ${JSON.stringify(text)} as it is`, () => {
      const printed = execFileSync('/bin/sh', ['-c', `printf %s ${shellWord(text)}`]);
      assert.equal(printed.toString(), text);
    });
  }
});

describe('the script of a command', () => {
  const script = guestCommand({
    command: ['ls', "it's"],
    cwd: '/a b',
    env: { HOME: '/h', X: '1 2' },
  });
  const lines = script.trimEnd().split('\n');

  it('says that it started only after it left its process group', () => {
    const leader = lines.findIndex((line) => line.startsWith('echo $$'));
    const started = lines.indexOf('echo started >&3');
    assert.ok(leader !== -1 && leader < started);
    assert.equal(lines[started + 1], 'exec 3>&-');
  });

  it('ends in the command with an environment of its own', () => {
    assert.equal(lines.at(-2), "cd '/a b' || exit 125");
    const last = lines.at(-1) ?? '';
    assert.match(last, /^exec '\/usr\/bin\/env' '-i' '--' 'PATH=/);
    assert.match(last, / 'HOME=\/h' .*'IPVSCOPE_LAB=1' 'X=1 2' 'ls' 'it'\\''s'$/);
  });
});
