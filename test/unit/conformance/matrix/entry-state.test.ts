import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CaseInstance } from '../../../../src/conformance/matrix/case-instance.js';
import { spoiledEntries } from '../../../../src/conformance/matrix/entry-state.js';
import { testCases } from '../../../../src/conformance/matrix/matrix.js';

const entry = (protocol: string, clientPort: number, state: string) => ({
  protocol,
  clientPort,
  virtualPort: 20_001,
  state,
});

test('an entry that is gone or in another state spoils its test case, by the client port', () => {
  const closed = testCases.find(
    ({ entry: how, service }) =>
      how === 'closed' && service.protocol === 'TCP' && service.forwarding === 'masquerade',
  );
  assert.ok(closed);
  const [right, other, gone] = [40_001, 40_003, 40_005].map(
    (port) => new CaseInstance(closed, { virtualPort: 20_001, ports: [port, port + 1] }),
  );
  assert.ok(right && other && gone);
  const entries = [
    entry('TCP', 40_001, 'TIME_WAIT'),
    entry('TCP', 40_003, 'CLOSE'),
    entry('UDP', 40_005, 'UDP'),
  ];
  assert.deepEqual(
    [...spoiledEntries([right, other, gone], entries)],
    [
      [other, 'its entry is CLOSE, not in TIME_WAIT'],
      [gone, 'its entry is gone, not in TIME_WAIT'],
    ],
  );
});
