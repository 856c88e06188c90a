import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MARK, packetsLost, parseOpening } from '../../../src/testbed/tcpdump-lines.js';

const SYN =
  '1795423921.123456 IP 10.0.1.2.40001 > 10.96.0.10.80: Flags [S], seq 3735928559, win 64240, options [mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7], length 0';
const MARKED = '1795423921.123456 IP 10.0.1.2.53210 > 10.0.2.2.9: UDP, length 1';

for (const line of [
  '',
  MARKED,
  'tcpdump: verbose output suppressed, use -v[v]... for full protocol decode',
  SYN.replace('[S]', '[S.]'),
  SYN.replace('[S]', '[R]'),
  SYN.replace('seq 3735928559, ', ''),
]) {
  test(`no opening packet: ${line.slice(0, 60) || 'an empty line'}`, () => {
    assert.equal(parseOpening(line, 0n), undefined);
  });
}

test('an opening packet, with its time on the monotonic clock', () => {
  const originNs = 1_795_423_900_000_000_000n;
  const expected = {
    client: '10.0.1.2:40001',
    protocol: 'TCP' as const,
    sequence: 3_735_928_559,
    monotonicNs: 21_123_456_000,
  };
  assert.deepEqual(parseOpening(SYN, originNs), expected);
  assert.deepEqual(parseOpening(SYN.replace('[S]', '[SEW]'), originNs), expected);
});

for (const [what, line, client, protocol] of [
  ['IPv6', 'IP6 fd00::2.40001 > fd00::10.80: Flags [S], seq 0, win 1', '[fd00::2]:40001', 'TCP'],
  ['a datagram', 'IP 10.0.1.2.40001 > 10.96.0.10.1000: UDP, length 4', '10.0.1.2:40001', 'UDP'],
  [
    'SCTP',
    'IP6 fd00::2.40001 > fd00::10.80: sctp (1) [INIT] [init tag: 1]',
    '[fd00::2]:40001',
    'SCTP',
  ],
  [
    'a tunnel',
    'IP 10.0.2.1 > 10.0.2.2: IP 10.0.1.2.40001 > 10.96.0.20.80: Flags [S], seq 0, win 1',
    '10.0.1.2:40001',
    'TCP',
  ],
] as const) {
  test(`an opening packet: ${what}`, () => {
    const expected = { client, protocol, sequence: 0, monotonicNs: 0 };
    assert.deepEqual(parseOpening(`0.000000 ${line}`, 0n), expected);
  });
}

test('a mark', () => {
  assert.match(MARKED, MARK);
  assert.doesNotMatch(SYN, MARK);
});

test('what tcpdump could not read', () => {
  const end = (lost: string): string =>
    `3 packets captured\n4 packets received by filter\n${lost} dropped by kernel\n`;
  assert.equal(packetsLost(end('0 packets')), 0);
  assert.equal(packetsLost(end('1 packet')), 1);
  assert.equal(packetsLost(end('17 packets')), 17);
});
