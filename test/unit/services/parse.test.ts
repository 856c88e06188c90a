import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TableParser } from '../../../src/services/parse.js';
import { serviceKey, type VirtualService } from '../../../src/services/virtual-service.js';

const HEADER = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
`;

/** As Linux 6.12 wrote it, of services and servers that ipvsadm made. */
const TABLE = `${HEADER}UDP  [2001:0db8:0000:0000:0000:0000:0000:0001]:0035 rr 
TCP  0A60000C:0050 rr  
  -> 7F000001:0050      Local   1      0          0         
  -> [fd00:0002:0000:0000:0000:0000:0000:0012]:0050      Tunnel  1      0          0         
TCP  0A60000A:0050 rr  
  -> 0A00020C:1F90      Masq    0      3          17        
  -> 0A00020B:1F90      Masq    1      0          0         
TCP  [2001:0db8:0000:0000:0000:0000:0000:0001]:01BB wlc persistent 90000 80000000
  -> [fd00:0002:0000:0000:0000:0000:0000:0011]:20FB      Masq    3      0          0         
TCP  0A60000B:0000 rr  persistent 15000 FFFFFF00
  -> 0A00020C:0000      Masq    1      0          0         
SCTP  0A60000A:8E3C rr  
UDP  0A60000A:0035 sh ops  persistent 250 FFFFFFFF
  -> 0A00020B:0035      Route   100000 0          0         
FWM  FFFFFFFF rr 
FWM  00000007 rr 
  -> [fd00:0002:0000:0000:0000:0000:0000:0011]:0000      Masq    1      0          0         
FWM  00000007 rr persistent 30000 FFFFFFFF
  -> 0A00020B:0000      Tunnel  1      0          0         
`;

function parse(text: string, pieceBytes = Number.POSITIVE_INFINITY) {
  const parser = new TableParser(7);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    parser.push(bytes.subarray(at, at + pieceBytes));
  }
  return { services: parser.end(), unreadable: parser.unreadable };
}

/** A service in one line, as a reader of ipvsadm would say it. */
const said = (service: VirtualService): string =>
  [
    `${service.proto} ${service.address} ${service.port} mark ${service.fwmark} family ${service.family}`,
    `${service.scheduler}${service.persistent ? ' persistent' : ''}`,
    ...service.servers.map(
      ({ address, port, forwarding, weight, activeConnections, inactiveConnections }) =>
        `${address} ${port} ${forwarding} ${weight} ${activeConnections}+${inactiveConnections}`,
    ),
  ].join('; ');

const expected = [
  'UDP 2001:db8::1 53 mark 0 family 10; rr',
  'TCP 10.96.0.12 80 mark 0 family 2; rr; 127.0.0.1 80 local 1 0+0; fd00:2::12 80 tunnel 1 0+0',
  'TCP 10.96.0.10 80 mark 0 family 2; rr; 10.0.2.12 8080 masquerade 0 3+17; 10.0.2.11 8080 masquerade 1 0+0',
  'TCP 2001:db8::1 443 mark 0 family 10; wlc persistent; fd00:2::11 8443 masquerade 3 0+0',
  'TCP 10.96.0.11 0 mark 0 family 2; rr persistent; 10.0.2.12 0 masquerade 1 0+0',
  'SCTP 10.96.0.10 36412 mark 0 family 2; rr',
  'UDP 10.96.0.10 53 mark 0 family 2; sh persistent; 10.0.2.11 53 route 100000 0+0',
  'FWM  0 mark 4294967295 family 0; rr',
  'FWM  0 mark 7 family 10; rr; fd00:2::11 0 masquerade 1 0+0',
  // A tunnel's family says nothing about its service's.
  'FWM  0 mark 7 family 0; rr persistent; 10.0.2.11 0 tunnel 1 0+0',
];

test('every form of service and server', () => {
  const { services, unreadable } = parse(TABLE);
  assert.deepEqual(services.map(said), expected);
  assert.equal(unreadable, 0);
  assert.ok(services.every(({ netns }) => netns === 7));
});

for (const pieceBytes of [1, 7, 64, 101]) {
  test(`the same in pieces of ${pieceBytes} bytes`, () => {
    const { services, unreadable } = parse(TABLE, pieceBytes);
    assert.deepEqual(services.map(said), expected);
    assert.equal(unreadable, 0);
  });
}

test('what the kernel side needs to recognise a service', () => {
  const keys = parse(TABLE).services.map(serviceKey);
  assert.deepEqual(keys[2], {
    netns: 7,
    family: 2,
    protocol: 6,
    addressBytes: new Uint8Array([10, 96, 0, 10]),
    port: 80,
    fwmark: 0,
  });
  assert.deepEqual([...(keys[3]?.addressBytes ?? [])].slice(0, 4), [0x20, 0x01, 0x0d, 0xb8]);
  assert.equal(keys[3]?.addressBytes.length, 16);
  assert.deepEqual(
    { ...keys[7], addressBytes: keys[7]?.addressBytes.length },
    { netns: 7, family: 0, protocol: 0, addressBytes: 0, port: 0, fwmark: 0xffffffff },
  );
});

test('a last line without its end is read, too', () => {
  const { services } = parse(TABLE.trimEnd());
  assert.deepEqual(services.map(said), expected);
});

test('a service that is there twice is taken as it was last', () => {
  const twice = `${HEADER}TCP  0A60000A:0050 rr  \n  -> 0A00020B:1F90      Masq    1      0          0\nTCP  0A60000A:0050 wrr  \n`;
  assert.deepEqual(parse(twice).services.map(said), ['TCP 10.96.0.10 80 mark 0 family 2; wrr']);
});

const unreadable = [
  'TCP  0A60000A rr',
  'TCP  0A60000:0050 rr',
  'TCP  0A60000A:00500 rr',
  'TCP  0A60000G:0050 rr',
  'TCP  [2001:0db8::1]:0050 rr',
  'TCP  0A60000A:0050',
  'FWM  00000000 rr',
  'FWM  000000001 rr',
  'DCCP  0A60000A:0050 rr',
  '  -> 0A00020B:1F90      Carrier    1      0          0',
  '  -> 0A00020B:1F90      Masq    x      0          0',
  '  -> 0A00020B:1F90      Masq    1      0',
];

for (const line of unreadable) {
  test(`a line that is not understood is counted: ${line}`, () => {
    const service = 'TCP  0A60000A:0051 rr  \n';
    const read = parse(`${HEADER}${service}${line}\n`);
    assert.equal(read.unreadable, 1);
    assert.deepEqual(read.services.map(said), ['TCP 10.96.0.10 81 mark 0 family 2; rr']);
  });
}

test('servers below a service that is not understood are nobody else’s', () => {
  const { services, unreadable: lines } = parse(
    `${HEADER}TCP  0A60000A:0051 rr  \nTCP  0A60000A rr  \n  -> 0A00020B:1F90      Masq    1      0          0\n`,
  );
  assert.deepEqual(services.map(said), ['TCP 10.96.0.10 81 mark 0 family 2; rr']);
  assert.equal(lines, 2);
});
