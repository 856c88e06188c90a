import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { Running, run } from './command.js';

// Situations from the field: the command judges each against what independent observers saw.

/** Of each kind of event one or two; all others take minutes together. */
const QUICK = [
  'sh-weight0',
  'u-threshold',
  'idle-expired',
  'close-no-orphan',
  'foreign-reset',
  'no-route',
  'loopback-client',
  'tunnel-mtu',
  'dropped-after',
  'cache-bypass',
  'no-icmp',
  'many-refused',
  'icmp-reply',
  'port-0',
  'fwmark-port',
  'two-namespaces',
  'backup-no-server',
  'hairpin',
  'passive-ftp',
];

before(() => run('modprobe', 'ip_vs'));

test('the field cases, those that this kernel can play', async (t) => {
  const brief = process.env.IPVSCOPE_TEST_BRIEF === undefined ? [] : ['--case', QUICK.join(',')];
  const { code, stderr } = await new Running(['reproduce', 'field', ...brief]).ended;
  const lines = stderr.split('\n');
  const start = lines.findIndex((line) => /^case +what was done/.test(line));
  process.stdout.write(`${lines.slice(start).join('\n')}\n`);
  const rows = lines.slice(start + 1).filter((line) => / {2}(?:right|WRONG|-)$/.test(line));
  assert.ok(rows.length >= (brief.length === 0 ? 40 : QUICK.length), stderr);
  for (const row of rows) {
    const [name = ''] = row.split(/ {2,}/);
    const skip = row.endsWith('-') && 'not possible on this kernel';
    await t.test(name, { skip }, () => assert.match(row, / {2}right$/));
  }
  assert.equal(code, 0);
});
