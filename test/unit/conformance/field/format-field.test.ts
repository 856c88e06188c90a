import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldCases } from '../../../../src/conformance/field/cases/index.js';
import { type FieldCase, GroundTruth } from '../../../../src/conformance/field/field-case.js';
import { formatField, wrap } from '../../../../src/conformance/field/format-field.js';

const one: FieldCase = {
  name: 'no-server',
  input: 'one connect',
  play: () => Promise.resolve({ seen: new GroundTruth(), events: [] }),
};

test('every case has a name of its own', () => {
  assert.equal(new Set(fieldCases.map(({ name }) => name)).size, fieldCases.length);
});

test('a wrong row says what is wrong with it and what is right; the end counts', () => {
  const row = { field: one, seen: '1 SYN', reported: 'nothing', right: '1 × unscheduled rejected' };
  const lines = formatField([
    { ...row, wrong: [] },
    { ...row, wrong: ['0 × unscheduled rejected, not 1'] },
    { ...row, wrong: [], impossible: 'no module' },
  ]).split('\n');
  assert.match(lines[0] ?? '', /^case +what was done +independent observers +events/);
  assert.match(lines[1] ?? '', /^no-server +one connect +1 SYN +nothing +right$/);
  assert.match(lines[2] ?? '', /^no-server .* WRONG$/);
  assert.deepEqual(lines.slice(3, 5), [
    '    wrong: 0 × unscheduled rejected, not 1',
    '    right: 1 × unscheduled rejected',
  ]);
  assert.match(lines[5] ?? '', /not possible: no module .*-$/);
  assert.equal(lines[6], '3 cases: 1 right, 1 WRONG, 1 not possible on this kernel');
});

test('long texts continue below, in their column', () => {
  assert.deepEqual(wrap('one two three', 7), ['one two', 'three']);
  assert.deepEqual(wrap('[fd00:10:0:3::2]:90 x', 7), ['[fd00:10:0:3::2]:90', 'x']);
  const reported = Array(20).fill('event').join(' ');
  const lines = formatField([{ field: one, seen: '1 SYN', reported, right: '', wrong: [] }]).split(
    '\n',
  );
  assert.match(lines[1] ?? '', / right$/);
  assert.match(lines[2] ?? '', /^ {98}event/);
});

test('what others saw is spoiled where the input did not come about', () => {
  const reply = { startNs: 0, endNs: 20e6, outcome: 'refused' as const };
  const seen = new GroundTruth().connect(reply, 'refused').count(1, 'SYN', 1).count(3, 'ICMP');
  assert.deepEqual(seen.phrases, ['connect: refused after 20 ms', '1 SYN', '3 ICMP']);
  assert.deepEqual(seen.spoiled, []);
  seen.connect(reply, 'connected').count(1, 'SYN', 2).holds(false, 'it rains');
  assert.deepEqual(seen.spoiled, [
    'connect refused, not connected',
    '1 SYN, not 2',
    'not: it rains',
  ]);
});
