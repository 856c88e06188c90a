import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { Running, run } from './command.js';

// Situations from the field: the command judges each against what independent observers saw.

before(() => run('modprobe', 'ip_vs'));

test('the field cases, those that this kernel can play', async (t) => {
  const { code, stderr } = await new Running(['reproduce', 'field']).ended;
  const lines = stderr.split('\n');
  const start = lines.findIndex((line) => /^case +what was done/.test(line));
  process.stdout.write(`${lines.slice(start).join('\n')}\n`);
  const rows = lines.slice(start + 1).filter((line) => / {2}(?:right|WRONG|-)$/.test(line));
  assert.ok(rows.length > 30, stderr);
  for (const row of rows) {
    const [name = ''] = row.split(/ {2,}/);
    const skip = row.endsWith('-') && 'not possible on this kernel';
    await t.test(name, { skip }, () => assert.match(row, / {2}right$/));
  }
  assert.equal(code, 0);
});
