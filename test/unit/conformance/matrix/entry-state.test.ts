import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEntryStates } from '../../../../src/conformance/matrix/entry-state.js';

test('the states of TCP entries, by client port', () => {
  const text = `Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData
TCP 0A000102 9C41 0A60000A 0050 0A00020B 1F90 TIME_WAIT       104
TCP [fd00:0010:0000:0001:0000:0000:0000:0002] 9C42 [fd00:0010:0096:0000:0000:0000:0000:0010] 4E21 [fd00:0010:0000:0002:0000:0000:0000:0002] 1F90 CLOSE             9
UDP 0A000102 9C43 0A60000A 0050 0A00020B 1F90 UDP             300
`;
  assert.deepEqual(
    [...parseEntryStates(text)],
    [
      [40_001, 'TIME_WAIT'],
      [40_002, 'CLOSE'],
    ],
  );
});
