import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isReset, isSyn, parsePacket } from '../../../src/testbed/tcpdump-packet.js';

// Lines as tcpdump 4.99 prints them with -nn -S -tt.

const packet = (line: string) => {
  const parsed = parsePacket(`1700000000.123456 ${line}`);
  assert.ok(parsed, line);
  return parsed;
};

test('a SYN has its ends, its number and its time', () => {
  const { from, to, protocol, sequence, time, flags } = packet(
    'IP 10.0.1.2.40001 > 10.96.0.10.80: Flags [S], seq 3134241, win 64240, options [mss 1460], length 0',
  );
  assert.deepEqual(
    { from, to, protocol, sequence, time, flags },
    {
      from: '10.0.1.2:40001',
      to: '10.96.0.10:80',
      protocol: 'TCP',
      sequence: 3134241,
      time: 1700000000.123456,
      flags: 'S',
    },
  );
});

test('only what opens a connection is a SYN, with ECE and CWR as without', () => {
  const flagged = (flags: string) =>
    packet(`IP 10.0.1.2.40001 > 10.96.0.10.80: Flags [${flags}], seq 1, win 1, length 0`);
  for (const flags of ['S', 'SEW', 'SW']) assert.equal(isSyn(flagged(flags)), true, flags);
  for (const flags of ['S.', 'R', 'R.', '.', 'P.'])
    assert.equal(isSyn(flagged(flags)), false, flags);
  for (const flags of ['R', 'R.']) assert.equal(isReset(flagged(flags)), true, flags);
  assert.equal(isReset(flagged('S')), false);
});

test('IPv6 ends are written as events write them', () => {
  const { from, to } = packet(
    'IP6 fd00:10:0:1::2.40001 > fd00:10:0:3::2.90: Flags [S], seq 1, win 1, length 0',
  );
  assert.equal(from, '[fd00:10:0:1::2]:40001');
  assert.equal(to, '[fd00:10:0:3::2]:90');
});

test('an ICMP error has addresses without ports', () => {
  const { from, to, protocol, text } = packet(
    'IP 10.96.0.10 > 10.0.1.2: ICMP 10.96.0.10 tcp port 81 unreachable, length 68',
  );
  assert.deepEqual(
    { from, to, protocol },
    { from: '10.96.0.10', to: '10.0.1.2', protocol: 'ICMP' },
  );
  assert.match(text, /tcp port 81 unreachable/);
});

test('what is in a tunnel counts, not the tunnel', () => {
  const { from, to } = packet(
    'IP 10.0.2.1 > 10.0.2.2: IP 10.0.1.2.40001 > 10.96.0.20.80: Flags [S], seq 1, win 1, length 0',
  );
  assert.equal(from, '10.0.1.2:40001');
  assert.equal(to, '10.96.0.20:80');
});

test('datagrams and SCTP are told apart', () => {
  assert.equal(packet('IP 10.0.1.2.4 > 10.0.2.2.8: UDP, length 1').protocol, 'UDP');
  assert.equal(
    packet('IP 10.0.1.2.4 > 10.0.2.2.8: sctp (1) [INIT] [init tag: 1]').protocol,
    'SCTP',
  );
});

test('a line of anything else is none', () => {
  assert.equal(parsePacket('tcpdump: listening on eth0'), undefined);
  assert.equal(parsePacket('1700000000.1 ARP, Request who-has 10.0.1.1 tell 10.0.1.2'), undefined);
});
