import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { errorCodes } from '../../../src/error.js';
import { wordsToReplace } from '../../support/field-words.js';
import { metricsHelp } from '../../support/metrics-help.js';
import { stringLiterals } from '../../support/string-literals.js';

// Whatever a user reads has the field's words: help, errors, HELP of metrics, logs and reports.

const root = fileURLToPath(new URL('../../../../', import.meta.url));

const run = (...args: string[]): string =>
  execFileSync(process.execPath, [`${root}dist/src/cli/main.js`, ...args], { encoding: 'utf8' });

for (const command of [
  [],
  ['serve'],
  ['trace'],
  ['reproduce'],
  ['lab'],
  ['lab', 'demo'],
  ['btf'],
  ['completion'],
]) {
  test(`${['ipvscope', ...command].join(' ')} --help`, () => {
    const help = run(...command, '--help');
    assert.match(help, /Examples:\n {2}\S/, 'help has examples');
    assert.deepEqual(wordsToReplace(help), []);
  });
}

test('ipvscope reproduce --list', () => {
  assert.deepEqual(wordsToReplace(run('reproduce', '--list')), []);
});

test('HELP of every metric', async () => {
  const help = await metricsHelp();
  assert.ok(help.length > 20, `${help.length} metrics`);
  assert.deepEqual(wordsToReplace(help.join('\n')), []);
});

test('the meaning of every error code', () => {
  const meanings = Object.values(errorCodes).map(({ meaning }) => meaning);
  assert.deepEqual(wordsToReplace(meanings.join('\n')), []);
});

/** Words to replace in the strings of a file that are sentences: those with a space. */
function inStrings(path: string): string[] {
  return stringLiterals(readFileSync(`${root}${path}`, 'utf8'))
    .filter(({ text }) => text.includes(' '))
    .flatMap(({ text, line }) =>
      wordsToReplace(text).map((found) => `${path}:${line}: ${found.replace(/^line \d+: /, '')}`),
    );
}

for (const [folder, ending] of [
  ['src', /\.ts$/],
  ['native/addon', /\.(cc|h)$/],
] as const) {
  test(`the strings below ${folder}: errors, logs, reports`, () => {
    const paths = readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
      .filter((name) => ending.test(name))
      .map((name) => `${folder}/${name}`);
    assert.ok(paths.length > 20, `${paths.length} files`);
    assert.deepEqual(paths.flatMap(inStrings), []);
  });
}

test('strings are found, whatever stands around them', () => {
  const source = [
    "import x from 'left out';",
    'const a = /it\'s "no string"/.test("one \\" two"); // \'nor this\'',
    'const b = 4 / 2; /* "nor this" */',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source text that is searched, not a template
    "throw new Error(`the ${b ? 'three' : ''} four`, 'five');",
  ].join('\n');
  assert.deepEqual(stringLiterals(source), [
    { text: 'one \\" two', line: 2 },
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source text that is searched, not a template
    { text: "the ${b ? 'three' : ''} four", line: 4 },
    { text: 'five', line: 4 },
  ]);
  assert.equal(wordsToReplace('what the clients lived through').length, 1);
});
