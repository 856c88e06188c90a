import assert from 'node:assert/strict';
import { test } from 'node:test';
import { protocolBits } from '../../../src/native/event-filter.js';
import { Flag, Offset, RECORD_SIZE } from '../../../src/record/layout.generated.js';
import { RecordBatch } from '../../../src/record/record-batch.js';
import { parseEndpoint } from '../../../src/trace/filter.js';
import { fitsFilter } from '../../../src/trace/fits-filter.js';

/** Families as Linux numbers them: AF_INET 2, AF_INET6 10. */
function record(write: (bytes: Uint8Array) => void): RecordBatch {
  const batch = new RecordBatch(new Uint8Array(2 * RECORD_SIZE));
  batch.count = 2;
  // The second: the first must not be looked at.
  write(batch.bytes.subarray(RECORD_SIZE));
  return batch;
}

const ipv4 = record((bytes) => {
  bytes[Offset.family] = 2;
  bytes[Offset.protocol] = 6;
  new DataView(bytes.buffer, bytes.byteOffset).setUint16(Offset.flags, Flag.hasVirtual, true);
  bytes.set([10, 0, 1, 2], Offset.clientAddress);
  bytes.set([0x9c, 0x41], Offset.clientPort); // 40001
  bytes.set([10, 96, 0, 10], Offset.virtualAddress);
  bytes.set([0, 80], Offset.virtualPort);
  bytes[Offset.destinationFamily] = 2;
  bytes.set([10, 0, 2, 2], Offset.destinationAddress);
  bytes.set([0x1f, 0x90], Offset.destinationPort); // 8080
  bytes[Offset.newDestinationFamily] = 2;
  bytes.set([10, 0, 3, 2], Offset.newDestinationAddress);
  bytes.set([0x1f, 0x91], Offset.newDestinationPort); // 8081
});
const ipv6 = record((bytes) => {
  bytes[Offset.family] = 10;
  bytes.set([0x20, 0x01, 0x0d, 0xb8], Offset.clientAddress);
  bytes[Offset.clientAddress + 15] = 1;
});

const cases = [
  { batch: ipv4, filter: {}, fits: true },
  { batch: ipv4, filter: { client: '10.0.1.2' }, fits: true },
  { batch: ipv4, filter: { client: '10.0.1.3' }, fits: false },
  { batch: ipv4, filter: { client: '10.0.1.0/24' }, fits: true },
  { batch: ipv4, filter: { client: '10.0.1.0/30' }, fits: true },
  { batch: ipv4, filter: { client: '10.0.1.4/30' }, fits: false },
  { batch: ipv4, filter: { client: '10.0.0.0/23' }, fits: true },
  { batch: ipv4, filter: { client: '0.0.0.0/0' }, fits: true },
  { batch: ipv4, filter: { client: '::/0' }, fits: false },
  { batch: ipv4, filter: { client: ':40001' }, fits: true },
  { batch: ipv4, filter: { client: ':40002' }, fits: false },
  { batch: ipv4, filter: { virtual: '10.96.0.10:80' }, fits: true },
  { batch: ipv4, filter: { virtual: '10.96.0.10:81' }, fits: false },
  { batch: ipv4, filter: { destination: '10.0.2.2:8080' }, fits: true },
  { batch: ipv4, filter: { destination: '10.0.3.2:8081' }, fits: true },
  { batch: ipv4, filter: { destination: '10.0.2.2:8081' }, fits: false },
  { batch: ipv4, filter: { client: '10.0.1.2', virtual: ':81' }, fits: false },
  { batch: ipv6, filter: { client: '2001:db8::1' }, fits: true },
  { batch: ipv6, filter: { client: '2001:db8::/33' }, fits: true },
  { batch: ipv6, filter: { client: '2001:db9::/32' }, fits: false },
  { batch: ipv6, filter: { client: '0.0.0.0/0' }, fits: false },
  { batch: ipv6, filter: { destination: '0.0.0.0/0' }, fits: false },
] as const;

for (const { batch, filter, fits } of cases) {
  const what = Object.entries(filter).map((entry) => entry.join(' '));
  test(`${batch === ipv4 ? 'IPv4' : 'IPv6'}, ${what.join(', ') || 'no filter'}: ${fits}`, () => {
    const parsed = Object.fromEntries(
      Object.entries(filter).map(([name, text]) => [name, [parseEndpoint(text)]]),
    );
    assert.equal(fitsFilter(batch, 1, parsed), fits);
  });
}

test('port 0, marks, protocols and namespaces; one of each sort has to fit', () => {
  const ofEveryPort = record((bytes) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    bytes[Offset.family] = 2;
    bytes[Offset.protocol] = 17;
    bytes.set([10, 96, 0, 11], Offset.virtualAddress);
    bytes.set([0, 53], Offset.virtualPort);
    view.setUint16(Offset.flags, Flag.hasVirtual | Flag.serviceFound, true);
    view.setUint32(Offset.netns, 7, true);
  });
  const virtual = [parseEndpoint('10.96.0.11:0', { portZero: true })];
  const other = parseEndpoint('10.96.0.12');
  assert.equal(fitsFilter(ofEveryPort, 1, { virtual }), true);
  assert.equal(fitsFilter(ipv4, 1, { virtual }), false);
  assert.equal(fitsFilter(ofEveryPort, 1, { virtual: [other, ...virtual] }), true);
  assert.equal(fitsFilter(ofEveryPort, 1, { virtual: [other] }), false);
  assert.equal(fitsFilter(ofEveryPort, 1, { virtual, protocols: protocolBits.TCP }), false);
  assert.equal(fitsFilter(ofEveryPort, 1, { virtual, protocols: protocolBits.UDP }), true);
  assert.equal(fitsFilter(ofEveryPort, 1, { netns: [6, 7], fwmark: [] }), true);
  assert.equal(fitsFilter(ofEveryPort, 1, { netns: [6] }), false);
  assert.equal(fitsFilter(ofEveryPort, 1, { fwmark: [1] }), false);
});
