import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { codeOf, pages, root } from './pages.js';

// Every command line that a document quotes is one that this version understands.

const run = (...args: string[]): string =>
  execFileSync(process.execPath, [`${root}dist/src/cli/main.js`, ...args], { encoding: 'utf8' });

interface CommandHelp {
  /** Each option's spellings, and whether it takes a value. */
  readonly options: ReadonlyMap<string, boolean>;
  readonly commands: ReadonlySet<string>;
  /** Values of arguments, where help lists them. */
  readonly choices: ReadonlySet<string>;
}

const helps = new Map<string, CommandHelp>();

/** What `--help` says of a command. */
function helpOf(path: readonly string[]): CommandHelp {
  const key = path.join(' ');
  const known = helps.get(key);
  if (known !== undefined) return known;
  const text = run(...path, '--help');
  const options = new Map<string, boolean>();
  for (const [, short, long = '', value] of text.matchAll(
    /^ {2}(?:(-\w), )?(--[\w.-]+)( [<[][^>\]]+[>\]])?/gm,
  )) {
    for (const spelling of short === undefined ? [long] : [short, long]) {
      options.set(spelling, value !== undefined);
    }
  }
  const list = /^Commands:\n((?: {2}.*\n)+)/m.exec(text)?.[1] ?? '';
  const commands = new Set([...list.matchAll(/^ {2}(\w[\w-]*)/gm)].map(([, name = '']) => name));
  const listed = /^Arguments:\n((?: {2}.*\n)+)/m.exec(text)?.[1] ?? '';
  const choices = new Set([...listed.matchAll(/"([^"]+)"/g)].map(([, choice = '']) => choice));
  const help = { options, commands, choices };
  helps.set(key, help);
  return help;
}

const scenarios = new Set(
  run('reproduce', '--list')
    .split('\n')
    .map((line) => line.split(/\s+/)[0] ?? ''),
);

/** Placeholders of documents: `FILE`, `COMMAND…`, `…`, `<duration>`. */
const isPlaceholder = (word: string): boolean => /^(?:[A-Z_]{2,}…?|…|\.\.\.|<[^>]+>)$/.test(word);

/** The words of a command line, up to a comment, a pipe or the next command. */
function wordsOf(line: string): string[] {
  const command = line.replace(/ {2,}\S.*$/, '').split(/(?<= )(?:\||&&|;|>|#)/)[0] ?? '';
  return [...command.matchAll(/"[^"]*"|'[^']*'|[^\s"']+/g)].map(([word]) => word);
}

/** What is wrong with the words after `ipvscope`; undefined: nothing. */
function fault(words: readonly string[]): string | undefined {
  let path: string[] = [];
  let help = helpOf(path);
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? '';
    if (isPlaceholder(word)) continue;
    // What follows is not ipvscope's.
    if (word === '--') return undefined;
    if (word.startsWith('-')) {
      const [name = '', value] = word.split('=');
      const takesValue = help.options.get(name);
      if (takesValue === undefined) return `ipvscope ${path.join(' ')} has no option ${name}`;
      if (takesValue && value === undefined) {
        if (words[index + 1] === undefined) return `${name} takes a value`;
        index++;
      }
      continue;
    }
    if (help.commands.has(word)) {
      path = [...path, word];
      help = helpOf(path);
    } else if (path.at(-1) === 'lab' && helpOf([]).commands.has(word)) {
      path = [word];
      help = helpOf(path);
    } else if (path.at(-1) === 'reproduce') {
      if (!scenarios.has(word)) return `there is no scenario ${word}`;
    } else if (!help.choices.has(word) && path.at(-1) !== 'help') {
      return `ipvscope ${path.join(' ')} has no command or argument ${word}`;
    }
  }
  return undefined;
}

const START = /^\s*(?:\$ |# )?(?:sudo )?(?:npx )?ipvscope(?= |$)/;

/** Command lines of a page; neither its own log line `ipvscope 0.1.0 attached …` nor an error. */
const commandsOf = (text: string): string[] =>
  codeOf(text)
    .flatMap((code) => code.split(/ && /))
    .filter((code) => START.test(code) && !/^\s*ipvscope (?:\d|ERR_)/.test(code))
    .map((code) => code.replace(START, ''));

test('a command line with a wrong word is found', () => {
  assert.equal(fault(['serve', '--trace', '-o', 'json']), undefined);
  assert.equal(fault(['lab', '--kernel', '6.12', 'reproduce', 'rollout']), undefined);
  assert.equal(fault(['lab', '--exec', '--', 'uname', '--nothing']), undefined);
  assert.match(fault(['serve', '--nothing']) ?? '', /no option --nothing/);
  assert.match(fault(['nothing']) ?? '', /no command or argument nothing/);
  assert.match(fault(['lab', 'reproduce', 'nothing']) ?? '', /no scenario nothing/);
  assert.match(fault(['trace', '--client']) ?? '', /takes a value/);
});

const quoted = pages.flatMap(({ path, text }) =>
  commandsOf(text).map((command) => ({ path, command })),
);

test('documents quote commands', () => {
  assert.ok(quoted.length >= 20, `${quoted.length} found`);
});

for (const { path } of pages) {
  const commands = quoted.filter((found) => found.path === path);
  if (commands.length === 0) continue;
  test(`${path}: every ipvscope command line exists`, () => {
    for (const { command } of commands) {
      assert.equal(fault(wordsOf(command)), undefined, `ipvscope${command}`);
    }
  });
}
