import assert from 'node:assert/strict';
import { test } from 'node:test';
import { protocolBits } from '../../../src/native/event-filter.js';
import { describeFilter, parseEndpoint, parseMark } from '../../../src/trace/filter.js';

const wrong: readonly (readonly [text: string, reason: RegExp])[] = [
  ['', /^At character 1 of '': '' is not an IPv4 or IPv6 address\.$/],
  ['10.0.0.300', /^At character 1 .* is not an IPv4/],
  ['10.1', /is not an IPv4/],
  ['0x0a000001', /is not an IPv4/],
  ['example.com', /is not an IPv4/],
  ['fe80::1%eth0', /is not an IPv4/],
  ['10.0.0.0/33', /^At character 10 of .* up to 32, not '33'\.$/],
  ['10.0.0.0/', /^At character 10 of .* not ''\.$/],
  [
    '10.0.0.5/24',
    /^At character 1 of .*10\.0\.0\.5 is an address within 10\.0\.0\.0\/24; write one of/,
  ],
  ['2001:db8::1/32', /2001:db8::1 is an address within 2001:db8::\/32/],
  ['10.0.0.0/8:80', /up to 32, not '8:80'/],
  ['2001:db8::/129', /up to 128/],
  ['10.0.0.1:0', /^At character 10 of .*port 0 is not valid here/],
  ['10.0.0.1:65536', /up to 65535/],
  ['10.0.0.1:http', /not 'http'/],
  [':', /not ''/],
  ['[::1', /^At character 5 of .*missing ']'/],
  ['[::1]80', /^At character 6 of .*expected ':' and a port/],
  ['[::1]:', /not ''/],
  ['[10.0.0.300]:80', /^At character 2 of/],
];

for (const [text, reason] of wrong) {
  test(`'${text}' is refused, with position and reason`, () => {
    assert.throws(() => parseEndpoint(text), { name: 'SyntaxError', message: reason });
  });
}

const ipv6 = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

const right: readonly (readonly [
  text: string,
  address: readonly number[],
  prefixLength: number,
  port: number,
])[] = [
  ['10.0.1.2', [10, 0, 1, 2], 32, 0],
  ['10.0.1.0/24', [10, 0, 1, 0], 24, 0],
  ['10.0.1.2/32', [10, 0, 1, 2], 32, 0],
  ['10.0.1.128/25', [10, 0, 1, 128], 25, 0],
  ['0.0.0.0/0', [0, 0, 0, 0], 0, 0],
  ['10.96.0.10:80', [10, 96, 0, 10], 32, 80],
  ['2001:db8::1', ipv6, 128, 0],
  ['2001:DB8::/32', [...ipv6.slice(0, 15), 0], 32, 0],
  ['[2001:db8::1]', ipv6, 128, 0],
  ['[2001:db8::1]:65535', ipv6, 128, 65_535],
  [':443', [], 0, 443],
];

for (const [text, address, prefixLength, port] of right) {
  test(`'${text}' is understood`, () => {
    const { address: parsed, ...rest } = parseEndpoint(text);
    assert.deepEqual(rest, { text, prefixLength, port });
    assert.deepEqual([...parsed], address);
  });
}

test('port 0 is a virtual service of every port, and nothing else', () => {
  const { portZero, port } = parseEndpoint('10.96.0.11:0', { portZero: true });
  assert.deepEqual([portZero, port], [true, 0]);
  assert.throws(
    () => parseEndpoint('10.96.0.11:0'),
    /At character 12 of .*: port 0 is not valid here/,
  );
});

const marks: readonly (readonly [string, number])[] = [
  ['7', 7],
  ['0x1F', 31],
  ['4294967295', 0xffffffff],
];
for (const [text, mark] of marks) {
  test(`mark ${text} is understood`, () => assert.equal(parseMark(text), mark));
}
for (const text of ['', '0', '-1', '4294967296', '0x', 'seven', '1.5']) {
  test(`mark '${text}' is refused`, () => assert.throws(() => parseMark(text), SyntaxError));
}

test('a filter is described as it was written', () => {
  const client = parseEndpoint('10.0.1.0/24');
  const destination = parseEndpoint(':8080');
  assert.equal(describeFilter({}), '');
  assert.equal(
    describeFilter({
      destination: [destination],
      client: [client, parseEndpoint('10.0.3.4')],
      protocols: protocolBits.TCP | protocolBits.SCTP,
      fwmark: [7],
    }),
    'client 10.0.1.0/24 or 10.0.3.4, destination :8080, fwmark 7, protocol TCP or SCTP',
  );
});
