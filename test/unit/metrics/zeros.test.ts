import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Aggregator } from '../../../src/aggregate/aggregator.js';
import { createRegistry } from '../../../src/metrics/registry.js';
import { Cause, Flag, Kind, Verdict } from '../../../src/record/layout.generated.js';
import type { RealServer, VirtualService } from '../../../src/services/virtual-service.js';
import { noSource } from '../../../src/source/event-source.js';
import { someBuild } from '../../support/build-info.js';
import { batchOf, HOST_NETNS, type RecordFields } from '../../support/records.js';

const HOUR = 3600;
const state = () => noSource;

const server = (last: number, weight = 1): RealServer => ({
  address: `10.0.2.${last}`,
  port: 8080,
  forwarding: 'masquerade',
  weight,
  activeConnections: 0,
  inactiveConnections: 0,
});

/** The service of `batchOf`'s records. */
const service = (fields: Partial<VirtualService> = {}): VirtualService => ({
  netns: HOST_NETNS,
  proto: 'TCP',
  address: '10.96.0.10',
  addressBytes: new Uint8Array([10, 96, 0, 10]),
  family: 2,
  port: 80,
  fwmark: 0,
  scheduler: 'rr',
  persistent: false,
  servers: [],
  ...fields,
});

/** A node whose table of virtual services is set by hand. */
class Node {
  readonly aggregator: Aggregator;
  services: readonly VirtualService[] = [];
  version = 0;
  readonly #registry;

  constructor(mostSeries = 1000) {
    this.aggregator = new Aggregator(mostSeries, HOUR);
    this.#registry = createRegistry(
      { aggregator: this.aggregator, state, hostNetns: HOST_NETNS, services: this },
      someBuild,
    );
  }

  async refresh(): Promise<void> {
    // Set by hand.
  }

  state() {
    return {
      reads: 7,
      failedReads: 1,
      seconds: 0.5,
      services: this.services.length,
      servers: 0,
      namespaces: 1,
      unreadableProcesses: 3,
      unreadableNamespaces: 2,
      unreadableLines: 0,
    };
  }

  set(...services: readonly VirtualService[]): void {
    this.services = services;
    this.version++;
  }

  ingest(...records: RecordFields[]): void {
    this.aggregator.ingest(batchOf(...records));
  }

  async scrape(which: RegExp): Promise<string[]> {
    const lines = String(await this.#registry.metrics()).split('\n');
    return lines.filter((line) => which.test(line) && !line.startsWith('#'));
  }

  async valueOf(which: RegExp): Promise<number> {
    const lines = await this.scrape(which);
    assert.equal(lines.length, 1, `${which}: ${lines.join('\n')}`);
    return Number(lines[0]?.split(' ').at(-1));
  }
}

const labels = 'proto="TCP",local_address="10.96.0.10",local_port="80",local_mark="",netns=""';
const counters = [
  ...['forwarded', 'rescheduled', 'dropped'].flatMap((verdict) =>
    ['false', 'true'].map(
      (draining) =>
        `ipvs_port_reuse_total{${labels},verdict="${verdict}",conn_state="TIME_WAIT",draining="${draining}"} 0`,
    ),
  ),
  ...['conntrack', 'unavailable', 'unscheduled', 'overload', 'transmit', 'node'].map(
    (cause) => `ipvs_dropped_packets_total{${labels},cause="${cause}",opening="true"} 0`,
  ),
  ...['false', 'true'].map(
    (draining) => `ipvs_opening_retransmits_total{${labels},draining="${draining}"} 0`,
  ),
  `ipvs_opening_packets_total{${labels}} 0`,
  `ipvs_orphan_packets_total{${labels}} 0`,
  ...['transmit', 'node'].map((cause) => `ipvs_unsent_packets_total{${labels},cause="${cause}"} 0`),
  ...['no server', 'all weight 0', 'all overloaded', 'scheduler', 'conn limit'].map(
    (reason) => `ipvs_unscheduled_packets_total{${labels},scheduler="rr",reason="${reason}"} 0`,
  ),
  ...['false', 'true'].map(
    (draining) => `ipvs_undetermined_openings_total{${labels},draining="${draining}"} 0`,
  ),
];
const alert = (last: number, cause = 'reuse'): string =>
  `ipvs_new_connections_to_draining_total{${labels},remote_address="10.0.2.${last}",remote_port="8080",cause="${cause}"}`;
const COUNTERS = /^ipvs_(?!connect_delay)/;
const DELAYS = /^ipvs_connect_delay_seconds/;
const OMITTED = /^ipvscope_zero_series_omitted/;

test('a known service has every counter at 0, and what clients waited by cause', async () => {
  const node = new Node();
  node.set(service());
  assert.deepEqual(await node.scrape(COUNTERS), counters);
  const delays = await node.scrape(DELAYS);
  assert.equal(delays.length, 7 * 14);
  assert.ok(delays.every((line) => line.endsWith(' 0')));
  const causes = new Set(delays.map((line) => /cause="(\w+)"/.exec(line)?.[1]));
  assert.deepEqual(
    [...causes],
    [...['conntrack', 'unavailable', 'unscheduled', 'overload', 'transmit', 'node', 'unanswered']],
  );
  assert.equal(await node.valueOf(OMITTED), 0);
});

test('the first burst is an increase of each of its counters', async () => {
  const node = new Node();
  node.set(service({ servers: [server(11, 0)] }));
  const before = await node.scrape(/^ipvs_/);
  node.ingest({ count: 12 });
  node.ingest({ verdict: Verdict.dropped, cause: Cause.conntrack, count: 3 });
  node.ingest({ kind: Kind.retry, drops: 1, delayUs: 1_020_000, cause: Cause.conntrack, count: 3 });
  const after = await node.scrape(/^ipvs_/);
  assert.deepEqual(
    after.map((line) => line.replace(/ \S+$/, '')),
    before.map((line) => line.replace(/ \S+$/, '')),
    'no series is new',
  );
  assert.ok(before.every((line) => line.endsWith(' 0')));
  assert.equal(await node.valueOf(/new_connections.*"reuse"/), 12);
  assert.equal(await node.valueOf(/^ipvs_port_reuse_total.*forwarded.*draining="true"/), 12);
  assert.equal(await node.valueOf(/delay_seconds_count.*"conntrack"/), 3);
});

test('of each server the alert, and what drains once its weight is 0', async () => {
  const node = new Node();
  const servers = /^ipvs_.*remote_address/;
  node.set(service({ servers: [server(11), server(12)] }));
  assert.deepEqual(await node.scrape(servers), [`${alert(11)} 0`, `${alert(12)} 0`]);
  node.ingest({ destination: [[10, 0, 2, 11], 8080], count: 5 });
  node.set(service({ servers: [server(11, 0), server(12)] }));
  assert.deepEqual((await node.scrape(servers)).sort(), [
    `ipvs_draining_packets_total{${labels},remote_address="10.0.2.11",remote_port="8080"} 0`,
    `${alert(11)} 5`,
    `${alert(11, 'template')} 0`,
    `${alert(12)} 0`,
  ]);
});

test('a persistent service has templates, whatever the weight', async () => {
  const node = new Node();
  node.set(service({ persistent: true, servers: [server(11)] }));
  assert.deepEqual(await node.scrape(/^ipvs_new_connections/), [
    `${alert(11)} 0`,
    `${alert(11, 'template')} 0`,
  ]);
});

test('services by mark, of UDP, of SCTP, of another namespace', async () => {
  const node = new Node();
  node.set(
    service({ proto: 'FWM', address: '', port: 0, fwmark: 7, family: 2 }),
    // The same mark of the other family: the same labels.
    service({ proto: 'FWM', address: '', port: 0, fwmark: 7, family: 10 }),
    service({ proto: 'UDP', port: 53 }),
    service({ proto: 'SCTP', port: 36412 }),
    service({ netns: 4026532186 }),
  );
  assert.deepEqual(await node.scrape(/^ipvs_opening_packets_total/), [
    'ipvs_opening_packets_total{proto="FWM",local_address="",local_port="0",local_mark="00000007",netns=""} 0',
    'ipvs_opening_packets_total{proto="UDP",local_address="10.96.0.10",local_port="53",local_mark="",netns=""} 0',
    'ipvs_opening_packets_total{proto="SCTP",local_address="10.96.0.10",local_port="36412",local_mark="",netns=""} 0',
    `ipvs_opening_packets_total{${labels.replace('netns=""', 'netns="4026532186"')}} 0`,
  ]);
  const states = (await node.scrape(/^ipvs_port_reuse_total/)).map(
    (line) => `${/proto="(\w+)"/.exec(line)?.[1]} ${/conn_state="(\w+)"/.exec(line)?.[1]}`,
  );
  assert.deepEqual([...new Set(states)], ['FWM TIME_WAIT', 'SCTP CLOSED', 'TCP TIME_WAIT']);
});

test('series of a service that is gone go, unless packets keep them', async () => {
  const node = new Node();
  node.set(service({ servers: [server(11, 0)] }));
  await node.scrape(COUNTERS);
  node.ingest({ count: 2 });
  node.set();
  assert.deepEqual(await node.scrape(COUNTERS), [
    `ipvs_port_reuse_total{${labels},verdict="forwarded",conn_state="TIME_WAIT",draining="true"} 2`,
    `${alert(11)} 2`,
    `ipvs_opening_packets_total{${labels}} 2`,
  ]);
  assert.deepEqual(await node.scrape(DELAYS), []);
  node.aggregator.expire(0);
  node.aggregator.expire(HOUR);
  assert.deepEqual(await node.scrape(COUNTERS), []);
});

test('a service that stays keeps its values when its packets are long ago', async () => {
  const node = new Node();
  node.set(service({ servers: [server(11, 0)] }));
  node.ingest({ count: 2 }, { kind: Kind.retry, drops: 1, delayUs: 1e6, cause: Cause.conntrack });
  await node.scrape(COUNTERS);
  node.aggregator.expire(0);
  assert.equal(node.aggregator.expire(HOUR), 2);
  node.set(service({ servers: [server(11, 0), server(12)] }));
  assert.equal(await node.valueOf(/new_connections.*2\.11.*"reuse"/), 2);
  assert.equal(await node.valueOf(/delay_seconds_count.*"conntrack"/), 1);
  node.ingest({ count: 3 });
  assert.equal(await node.valueOf(/new_connections.*2\.11.*"reuse"/), 5);
});

const group = counters.length;

test('no more than there is room for, the most important first, the rest counted', async () => {
  // A draining server has three, the service its counters, another server one.
  const node = new Node(3 + group + 1);
  node.set(service({ servers: [server(11), server(12), server(13, 0)] }));
  const lines = await node.scrape(/^ipvs_/);
  assert.equal(lines.length, 3 + group + 1);
  assert.equal(lines.filter((line) => line.includes('10.0.2.13')).length, 3);
  assert.equal(lines.filter((line) => line.includes('10.0.2.11')).length, 1);
  assert.equal(await node.valueOf(OMITTED), 1 + 7 * 14);
});

test('rows take the room of zeros', async () => {
  const node = new Node(group);
  node.set(service());
  assert.equal((await node.scrape(COUNTERS)).length, group);
  node.ingest({ kind: Kind.stale, virtual: [[10, 96, 0, 11], 80] });
  const lines = await node.scrape(COUNTERS);
  assert.ok(lines.every((line) => line.includes('10.96.0.11')));
  assert.equal(await node.valueOf(OMITTED), group + 7 * 14);
  node.aggregator.expire(0);
  node.aggregator.expire(HOUR);
  assert.equal((await node.scrape(COUNTERS)).length, group);
});

test('without room there are no zeros', async () => {
  const node = new Node(1);
  node.set(service({ servers: [server(11, 0)] }));
  assert.deepEqual(await node.scrape(/^ipvs_/), []);
});

test('the order in which services come and go leaves what is known, and nothing else', async () => {
  const node = new Node(4 * group);
  let seed = 3;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  for (let round = 0; round < 200; round++) {
    const known = Array.from({ length: random(5) }, () =>
      service({ port: 80 + random(4), servers: random(2) === 0 ? [] : [server(11, random(2))] }),
    );
    node.set(...known);
    const fresh = new Node(4 * group);
    fresh.set(...known);
    assert.deepEqual((await node.scrape(/^ipvs/)).sort(), (await fresh.scrape(/^ipvs/)).sort());
  }
});

test('what is known of the table itself', async () => {
  const node = new Node();
  node.set(service());
  assert.deepEqual(await node.scrape(/^ipvscope_(zero|virtual|unreadable|service)/), [
    'ipvscope_zero_series_omitted 0',
    'ipvscope_virtual_services 1',
    'ipvscope_unreadable_processes 3',
    'ipvscope_unreadable_namespaces 2',
    'ipvscope_service_table_reads_total{result="ok"} 7',
    'ipvscope_service_table_reads_total{result="failed"} 1',
    'ipvscope_service_table_read_seconds_total 0.5',
  ]);
});

test('rows that the kernel folded have no service of the table', async () => {
  const node = new Node();
  node.set(service());
  node.ingest({ family: 0, netns: 0, virtual: [[], 0], destination: [[], 0], flags: Flag.opening });
  assert.equal((await node.scrape(/^ipvs_opening_packets_total\{.*overflow.*\} 1$/)).length, 1);
  assert.equal((await node.scrape(/^ipvs_opening_packets_total\{.*10\.96.*\} 0$/)).length, 1);
});
