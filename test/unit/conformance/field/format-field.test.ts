import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEntries } from '../../../../src/conformance/field/case-context.js';
import { fieldCases } from '../../../../src/conformance/field/cases/index.js';
import { type FieldCase, GroundTruth } from '../../../../src/conformance/field/field-case.js';
import { formatField, wrap } from '../../../../src/conformance/field/format-field.js';
import { seriesOf } from '../../../../src/verify/metrics-text.js';

const one: FieldCase = {
  name: 'no-server',
  input: 'one connect',
  play: () => Promise.resolve({ seen: new GroundTruth(), events: [] }),
};

test('every case has a name of its own', () => {
  assert.equal(new Set(fieldCases.map(({ name }) => name)).size, fieldCases.length);
});

test('a wrong row says what is wrong with it and what is right; the end counts', () => {
  const row = { field: one, seen: '1 SYN', told: 'nothing', right: '1 × unscheduled rejected' };
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

test('long cells go on below, in their column', () => {
  assert.deepEqual(wrap('one two three', 7), ['one two', 'three']);
  assert.deepEqual(wrap('[fd00:10:0:3::2]:90 x', 7), ['[fd00:10:0:3::2]:90', 'x']);
  const told = Array(20).fill('event').join(' ');
  const lines = formatField([{ field: one, seen: '1 SYN', told, right: '', wrong: [] }]).split(
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

test('entries are read as the kernel prints them', () => {
  const text = `Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData
TCP 0A000102 9C41 0A60000A 0050 0A000202 1F90 ESTABLISHED     899
UDP [fd00:0010:0000:0001:0000:0000:0000:0002] 9C42 [fd00:0010:0096:0000:0000:0000:0000:0010] 0051 [fd00:0010:0000:0002:0000:0000:0000:0002] 1F90 UDP 299
`;
  assert.deepEqual(parseEntries(text), [
    { protocol: 'TCP', clientPort: 40_001, virtualPort: 80, state: 'ESTABLISHED' },
    { protocol: 'UDP', clientPort: 40_002, virtualPort: 81, state: 'UDP' },
  ]);
});

test('series are found by some of their labels', () => {
  const text = `# TYPE ipvs_port_reuse_total counter
ipvs_port_reuse_total{proto="TCP",local_address="10.96.0.11",local_port="0"} 3
ipvs_port_reuse_total{proto="TCP",local_address="10.96.0.10",local_port="80"} 1
ipvscope_attached 1
`;
  const found = seriesOf(text, 'ipvs_port_reuse_total', { local_address: '10.96.0.11' });
  assert.deepEqual(
    found.map(({ labels, value }) => [labels.local_port, value]),
    [['0', 3]],
  );
});
