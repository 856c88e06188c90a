import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeEvent } from '../../../src/record/decode.js';
import type { IpvsEvent } from '../../../src/record/event.js';
import {
  Cause,
  Conntrack,
  Cpu,
  Flag,
  Forwarding,
  Kind,
  RECORD_SIZE,
  Scheduler,
  Verdict,
} from '../../../src/record/layout.generated.js';
import { RecordBatch } from '../../../src/record/record-batch.js';
import { batchOf, ordinaryFlags, type RecordFields } from '../../support/records.js';

const v6 = (last: number): number[] => [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last];

test('a batch is refused unless it holds whole records', () => {
  for (const size of [1, RECORD_SIZE - 1, RECORD_SIZE + 4]) {
    assert.throws(() => new RecordBatch(new Uint8Array(size)), RangeError, `${size} bytes`);
  }
});

test('a record outside the batch is refused', () => {
  const batch = batchOf({}, {});
  batch.count = 1;
  for (const index of [-1, 1, 2, 0.5, Number.NaN]) {
    assert.throws(() => decodeEvent(batch, index, String), RangeError, `index ${index}`);
  }
});

const draining: IpvsEvent = {
  time: '1000000000',
  kind: 'reuse',
  verdict: 'forwarded',
  opening: true,
  proto: 'TCP',
  client: '10.0.1.2:40001',
  virtual: '10.96.0.10:80',
  fwmark: 0,
  destination: '10.0.2.11:8080',
  weight: 0,
  available: true,
  conn_state: 'TIME_WAIT',
  expires_in_ms: 104_000,
  conntrack: 'confirmed',
  forwarding: 'masquerade',
  netns: 4026531840,
  cpu: 1,
  count: 1,
};

function without<Key extends keyof IpvsEvent>(event: IpvsEvent, ...keys: Key[]): object {
  return Object.fromEntries(Object.entries(event).filter(([key]) => !keys.includes(key as Key)));
}

const found = Flag.hasVirtual | Flag.hasEntry | Flag.hasDestination | Flag.serverKnown;
const known = Flag.opening | found | Flag.available;

const cases: readonly { name: string; record: RecordFields; event: object }[] = [
  { name: 'reuse forwarded to weight 0', record: {}, event: draining },
  {
    name: 'reuse rescheduled, IPv6',
    record: {
      verdict: Verdict.rescheduled,
      family: 10,
      weight: 3,
      flags: known | Flag.rescheduled | Flag.expired,
      client: [v6(1), 65535],
      virtual: [v6(2), 443],
      destination: [v6(3), 8443],
      newDestination: [v6(4), 8444],
    },
    event: {
      ...draining,
      verdict: 'rescheduled',
      client: '[2001:db8::1]:65535',
      virtual: '[2001:db8::2]:443',
      destination: '[2001:db8::3]:8443',
      new_destination: '[2001:db8::4]:8444',
      weight: 3,
      expired: true,
    },
  },
  {
    name: 'reuse dropped: because of conntrack',
    record: { verdict: Verdict.dropped, flags: known | Flag.expired, cause: Cause.conntrack },
    event: { ...draining, verdict: 'dropped', expired: true, cause: 'conntrack' },
  },
  {
    name: 'rescheduled to a server of weight 0, which is the one in the key',
    record: {
      verdict: Verdict.rescheduled,
      flags: known | Flag.rescheduled | Flag.expired | Flag.newWeightZero,
      destination: [[10, 0, 2, 12], 8081],
      newDestination: [[10, 0, 2, 11], 8080],
    },
    event: {
      ...draining,
      verdict: 'rescheduled',
      new_destination: '10.0.2.12:8081',
      expired: true,
    },
  },
  {
    name: 'the state of the conntrack entry',
    record: {
      conntrackState: 6,
      verdict: Verdict.dropped,
      flags: known | Flag.expired,
      cause: Cause.conntrack,
    },
    event: {
      ...draining,
      verdict: 'dropped',
      expired: true,
      cause: 'conntrack',
      conntrack_state: 'LAST_ACK',
    },
  },
  {
    name: 'reuse dropped although its conntrack entry is unconfirmed: a kernel without the fix',
    record: {
      conntrack: Conntrack.unconfirmed,
      conntrackState: 1,
      verdict: Verdict.dropped,
      flags: known | Flag.expired | Flag.missingFix,
      cause: Cause.conntrack,
    },
    event: {
      ...draining,
      verdict: 'dropped',
      expired: true,
      cause: 'conntrack',
      conntrack: 'unconfirmed',
      conntrack_state: 'SYN_SENT',
      missing_fix: 'f0a5e4d7a594',
    },
  },
  {
    name: 'reuse that was not transmitted',
    record: { verdict: Verdict.dropped, flags: known, cause: Cause.transmit },
    event: { ...draining, verdict: 'dropped', cause: 'transmit' },
  },
  {
    name: 'unavailable, not opening',
    record: {
      kind: Kind.unavailable,
      verdict: Verdict.dropped,
      flags: found,
      cause: Cause.unavailable,
      connState: 1,
    },
    event: {
      ...draining,
      kind: 'unavailable',
      verdict: 'dropped',
      opening: false,
      available: false,
      conn_state: 'ESTABLISHED',
      cause: 'unavailable',
    },
  },
  {
    name: 'unavailable, expired, and dropped because of conntrack',
    record: {
      kind: Kind.unavailable,
      verdict: Verdict.dropped,
      flags: found | Flag.expired | Flag.opening,
      cause: Cause.conntrack,
    },
    event: {
      ...draining,
      kind: 'unavailable',
      verdict: 'dropped',
      available: false,
      expired: true,
      cause: 'conntrack',
    },
  },
  {
    name: 'unavailable, UDP',
    record: {
      kind: Kind.unavailable,
      verdict: Verdict.dropped,
      flags: found,
      cause: Cause.unavailable,
      protocol: 17,
      connState: 0,
      conntrack: Conntrack.none,
      forwarding: Forwarding.route,
    },
    event: {
      ...draining,
      kind: 'unavailable',
      verdict: 'dropped',
      opening: false,
      available: false,
      proto: 'UDP',
      conn_state: 'UDP',
      conntrack: 'none',
      forwarding: 'route',
      cause: 'unavailable',
    },
  },
  {
    name: 'unscheduled says why',
    record: {
      kind: Kind.unscheduled,
      verdict: Verdict.dropped,
      cause: Cause.scheduler,
      scheduler: Scheduler.sh,
      servers: [3, 2, 1],
    },
    event: {
      ...draining,
      kind: 'unscheduled',
      verdict: 'dropped',
      scheduler: 'sh',
      servers: 3,
      servers_with_weight: 2,
      servers_overloaded: 1,
      cause: 'unscheduled',
      reason: 'scheduler',
    },
  },
  {
    name: 'unscheduled, and sent by cache_bypass',
    record: {
      kind: Kind.unscheduled,
      cause: Cause.noServer,
      scheduler: Scheduler.rr,
      forwarding: Forwarding.bypass,
      flags: Flag.opening | Flag.hasVirtual,
    },
    event: {
      ...without(
        draining,
        ...(['destination', 'weight', 'available'] as const),
        ...(['conn_state', 'expires_in_ms'] as const),
      ),
      kind: 'unscheduled',
      scheduler: 'rr',
      servers: 0,
      servers_with_weight: 0,
      servers_overloaded: 0,
      forwarding: 'bypass',
      reason: 'no server',
    },
  },
  {
    name: 'unsent, with the reason the kernel gave, to a place the packet does not show',
    record: {
      kind: Kind.unsent,
      verdict: Verdict.dropped,
      cause: Cause.node,
      dropReason: 2,
      flags: Flag.hasDestination,
    },
    event: {
      ...without(
        draining,
        ...(['virtual', 'weight', 'available'] as const),
        ...(['conn_state', 'expires_in_ms', 'forwarding'] as const),
      ),
      kind: 'unsent',
      verdict: 'dropped',
      opening: false,
      cause: 'node',
      reason: 'NETFILTER_DROP',
    },
  },
  {
    name: 'a hairpin, with what the client waited without any drop',
    record: { flags: ordinaryFlags | Flag.hairpin, delayUs: 1_000_500, cause: Cause.unanswered },
    event: { ...draining, hairpin: true, delay_ms: 1000.5, cause: 'unanswered' },
  },
  {
    name: 'overload',
    record: { kind: Kind.overload, verdict: Verdict.dropped, cause: Cause.overload },
    event: { ...draining, kind: 'overload', verdict: 'dropped', cause: 'overload' },
  },
  {
    name: 'a retry, with what the client waited',
    record: { kind: Kind.retry, delayUs: 1_024_500, drops: 1, cause: Cause.conntrack },
    event: {
      ...without(draining, 'expires_in_ms'),
      kind: 'retry',
      cause: 'conntrack',
      delay_ms: 1024.5,
      drops: 1,
    },
  },
  {
    name: 'aggregated packets: the service, and nothing that distinguishes single ones',
    record: { count: 1, cpu: Cpu.several, servicePort: 0 },
    event: {
      ...without(draining, 'client', 'cpu', 'expires_in_ms', 'conntrack'),
      virtual: '10.96.0.10:0',
    },
  },
  {
    name: 'aggregated packets of a server whose weight is not known',
    record: { count: 7, cpu: Cpu.several, flags: known },
    event: {
      ...without(draining, 'client', 'cpu', 'expires_in_ms', 'weight', 'conntrack'),
      count: 7,
    },
  },
  {
    name: 'an entry without a server in the table: where it sends the packet all the same',
    record: { flags: Flag.opening | Flag.hasEntry | Flag.hasDestination | Flag.hasVirtual },
    event: without(draining, 'weight', 'available'),
  },
  {
    name: 'a packet that matched no entry',
    record: {
      kind: Kind.overload,
      verdict: Verdict.dropped,
      flags: Flag.opening | Flag.hasVirtual,
      cause: Cause.overload,
    },
    event: {
      ...without(
        draining,
        ...(['destination', 'weight', 'available'] as const),
        ...(['conn_state', 'expires_in_ms', 'forwarding'] as const),
      ),
      kind: 'overload',
      verdict: 'dropped',
      cause: 'overload',
    },
  },
  {
    name: 'a service by mark, a negative weight, a late clock, a high CPU',
    record: { fwmark: 0xcafe, weight: -1, timeNs: 2n ** 40n + 5n, cpu: 300 },
    event: { ...draining, fwmark: 0xcafe, weight: -1, time: String(2 ** 40 + 5), cpu: 300 },
  },
  {
    name: 'values without a name are shown',
    record: { kind: 99, connState: 77, protocol: 50 },
    event: {
      ...draining,
      kind: 'UNKNOWN_99',
      proto: 'PROTOCOL_50',
      conn_state: 'UNKNOWN_77',
    },
  },
];

for (const { name, record, event } of cases) {
  test(`decodes ${name}`, () => {
    // Between two others, so that a wrong stride is seen.
    const batch = batchOf({ netns: 1 }, record, { netns: 2 });
    assert.deepEqual(decodeEvent(batch, 1, String), event);
  });
}
