import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger, type LoggerOptions, logLevels, silentLog } from '../../src/log.js';

const time = new Date('2026-11-23T08:12:01.123Z');

/** What a logger writes of one message a level. */
function written(options: Omit<LoggerOptions, 'write'>): string {
  let text = '';
  const log = createLogger({
    ...options,
    write: (line) => {
      text += line;
    },
  });
  for (const level of logLevels) log[level](`${level} said`);
  return text;
}

test('a person at a terminal reads the message alone', () => {
  assert.equal(written({ format: 'plain' }), 'info said\nwarn said\nerror said\n');
  assert.equal(written({ format: 'plain', now: () => time, level: 'error' }), 'error said\n');
});

test('each level leaves out those below', () => {
  for (const [index, level] of logLevels.entries()) {
    const lines = written({ format: 'plain', level }).split('\n').filter(Boolean);
    assert.deepEqual(
      lines,
      logLevels.slice(index).map((its) => `${its} said`),
    );
  }
});

test('logfmt: time, level and message; values are quoted where they have to be', () => {
  assert.equal(
    written({ format: 'logfmt', level: 'error', now: () => time }),
    'time=2026-11-23T08:12:01.123Z level=error msg="error said"\n',
  );
  const lines: string[] = [];
  const log = createLogger({ format: 'logfmt', write: (line) => lines.push(line) });
  log.info('attached', {
    empty: '',
    quote: 'a"b',
    equals: 'a=b',
    lines: 'a\nb',
    many: 3,
    no: false,
  });
  assert.deepEqual(lines, [
    'level=info msg=attached empty="" quote="a\\"b" equals="a=b" lines="a\\nb" many=3 no=false\n',
  ]);
});

test('json: one object a line', () => {
  const lines: string[] = [];
  const log = createLogger({ format: 'json', now: () => time, write: (line) => lines.push(line) });
  log.warn('two\nlines', { code: 'ERR_LISTEN' });
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /^[^\n]*\n$/);
  assert.deepEqual(JSON.parse(lines[0] ?? ''), {
    time: '2026-11-23T08:12:01.123Z',
    level: 'warn',
    msg: 'two\nlines',
    code: 'ERR_LISTEN',
  });
});

test('the silent logger takes every level', () => {
  for (const level of logLevels) assert.equal(silentLog[level]('x'), undefined);
});
