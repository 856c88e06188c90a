import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { buildProgram } from '../../../src/cli/build-program.js';
import { completionScript } from '../../../src/cli/commands/run-completion.js';

const directory = mkdtempSync(join(tmpdir(), 'ipvscope-completion-'));
after(() => rmSync(directory, { recursive: true }));

const { command } = await buildProgram(() => true);

const scripts = {
  bash: completionScript('bash', command),
  zsh: completionScript('zsh', command),
  fish: completionScript('fish', command),
};

for (const [shell, text] of Object.entries(scripts)) {
  writeFileSync(join(directory, shell), text);
}

const isThere = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;

/** Words that bash offers for the last of a command line's. */
function offered(...words: string[]): string[] {
  const script = `source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ipvscope; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const args = ['-c', script, join(directory, 'bash'), 'ipvscope', ...words];
  const { status, stdout, stderr } = spawnSync('bash', args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.equal(stderr, '');
  return stdout.split('\n').filter(Boolean);
}

const cases: readonly {
  words: readonly string[];
  all?: string[];
  some?: string[];
  none?: string[];
}[] = [
  {
    words: [''],
    all: ['serve', 'trace', 'reproduce', 'lab', 'btf', 'completion'],
  },
  { words: ['tr'], all: ['trace'] },
  { words: ['--log.l'], all: ['--log.level'] },
  { words: ['serve', '--web.'], all: ['--web.listen-address', '--web.max-requests'] },
  { words: ['trace', '--output', ''], all: ['columns', 'json'] },
  { words: ['trace', '-o', 'j'], all: ['json'] },
  { words: ['trace', '-k', 'or'], all: ['orphan'] },
  { words: ['--log.level', ''], all: ['debug', 'info', 'warn', 'error'] },
  { words: ['trace', '--proto', ''], all: ['tcp', 'udp', 'sctp'] },
  { words: ['reproduce', 'roll'], some: ['rollout'] },
  { words: ['completion', ''], all: ['bash', 'zsh', 'fish'] },
  { words: ['lab', ''], some: ['demo', 'trace', 'reproduce'], none: ['acts', 'man-page'] },
  { words: ['lab', 'demo', '--k'], all: ['--kernel'] },
  { words: ['lab', 'trace', '--summ'], all: ['--summary'] },
  { words: ['lab', '--kernel', '6.12', 'reproduce', 'one'], all: ['one-second'] },
];

for (const { words, all, some = [], none = [] } of cases) {
  test(`bash completes ipvscope ${words.join(' ')}`, () => {
    const found = offered(...words);
    if (all !== undefined) assert.deepEqual(found.sort(), [...all].sort());
    for (const word of some) assert.ok(found.includes(word), `${word} is not in ${found}`);
    for (const word of none) assert.ok(!found.includes(word), `${word} is in ${found}`);
  });
}

test('bash completes files where an option takes one', () => {
  assert.deepEqual(offered('trace', '--btf', join(directory, 'ba')), [join(directory, 'bash')]);
});

for (const shell of ['zsh', 'fish'] as const) {
  const skip = isThere(shell) ? false : `${shell} is not installed`;
  test(`${shell} reads its script`, { skip }, () => {
    const { status, stderr } = spawnSync(shell, ['-n', join(directory, shell)], {
      encoding: 'utf8',
    });
    assert.equal(stderr, '');
    assert.equal(status, 0);
  });
}

test('fish completes', { skip: isThere('fish') ? false : 'fish is not installed' }, () => {
  const complete = (line: string): string[] => {
    const script = `source ${join(directory, 'fish')}; complete -C '${line}'`;
    const { stdout, stderr } = spawnSync('fish', ['--no-config', '-c', script], {
      encoding: 'utf8',
    });
    assert.equal(stderr, '');
    return stdout
      .split('\n')
      .filter(Boolean)
      .map((found) => found.split('\t')[0] ?? '');
  };
  assert.deepEqual(complete('ipvscope tr'), ['trace']);
  assert.deepEqual(complete('ipvscope trace -o '), ['columns', 'json']);
  assert.deepEqual(complete('ipvscope lab trace --summ'), ['--summary']);
  assert.ok(complete('ipvscope reproduce ').includes('rollout'));
});

test('zsh and fish have every command and option that bash has', () => {
  const options = [...new Set(scripts.bash.match(/--[a-z][\w.-]+/g))];
  assert.ok(options.length > 30);
  for (const option of options) {
    assert.ok(scripts.zsh.includes(option), `zsh: ${option}`);
    assert.ok(scripts.fish.includes(` -l ${option.slice(2)} `), `fish: ${option}`);
  }
});
