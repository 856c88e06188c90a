import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEntries } from '../../../src/testbed/connection-entries.js';

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
