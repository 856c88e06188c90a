import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Aggregator } from '../../../src/aggregate/aggregator.js';
import { createRegistry } from '../../../src/metrics/registry.js';
import { Cause, Flag, Kind, Verdict } from '../../../src/record/layout.generated.js';
import { noSource } from '../../../src/source/event-source.js';
import { someBuild } from '../../support/build-info.js';
import { batchOf, HOST_NETNS, type RecordFields } from '../../support/records.js';

const HOUR = 3600;
const state = () => noSource;
const service = 'proto="TCP",local_address="10.96.0.10",local_port="80",local_mark="",netns=""';
const overflow = 'proto="TCP",local_address="overflow",local_port="0",local_mark="",netns=""';

/** The metrics that most of these tests are about. */
const REUSE = /^ipvs_(port_reuse|new_connections)/;

/** An aggregator with the metrics made of it. */
class Node {
  readonly aggregator: Aggregator;
  readonly #registry;

  constructor(mostSeries = 100) {
    this.aggregator = new Aggregator(mostSeries, HOUR);
    this.#registry = createRegistry(
      { aggregator: this.aggregator, state, hostNetns: HOST_NETNS },
      someBuild,
    );
  }

  ingest(...records: RecordFields[]): void {
    this.aggregator.ingest(batchOf(...records));
  }

  /** The samples whose line begins so, or is like that. */
  async scrape(which: string | RegExp): Promise<string[]> {
    const lines = String(await this.#registry.metrics()).split('\n');
    return lines.filter((line) =>
      typeof which === 'string' ? line.startsWith(which) : which.test(line),
    );
  }
}

const oldServer: RecordFields = { destination: [[10, 0, 2, 11], 8080] };
const newServer: RecordFields = { destination: [[10, 0, 2, 12], 8080] };
const reused = `ipvs_port_reuse_total{${service},verdict="forwarded",conn_state="TIME_WAIT",draining="true"}`;
const toDraining = (server: string): string =>
  `ipvs_new_connections_to_draining_total{${service},remote_address="${server}",remote_port="8080",cause="reuse"}`;

test('a server that is gone takes its series along; its service falls by nothing', async () => {
  const node = new Node();
  node.ingest(oldServer, oldServer, newServer);
  node.aggregator.expire(0);
  assert.deepEqual(await node.scrape(REUSE), [
    `${reused} 3`,
    `${toDraining('10.0.2.11')} 2`,
    `${toDraining('10.0.2.12')} 1`,
  ]);
  node.ingest(newServer);
  node.aggregator.expire(60);
  assert.equal(node.aggregator.expire(HOUR), 1);
  assert.deepEqual(await node.scrape(REUSE), [`${reused} 4`, `${toDraining('10.0.2.12')} 2`]);
});

test('what comes back starts at 0; what the whole tool counts goes on', async () => {
  const node = new Node();
  node.ingest({ count: 5 });
  assert.deepEqual(await node.scrape(REUSE), [`${reused} 5`, `${toDraining('10.0.2.11')} 5`]);
  node.aggregator.expire(0);
  node.aggregator.expire(HOUR);
  assert.deepEqual(await node.scrape(REUSE), []);
  assert.deepEqual(await node.scrape('ipvscope_events_total'), ['ipvscope_events_total 5']);
  node.ingest({ count: 2 });
  assert.deepEqual(await node.scrape(REUSE), [`${reused} 2`, `${toDraining('10.0.2.11')} 2`]);
  assert.deepEqual(await node.scrape('ipvscope_events_total'), ['ipvscope_events_total 7']);
});

test('what was added after the last scrape does not go with the row', async () => {
  const node = new Node();
  node.ingest(oldServer, newServer);
  await node.scrape('');
  node.ingest({ ...oldServer, count: 40 });
  node.aggregator.expire(0);
  node.ingest(newServer);
  node.aggregator.expire(60);
  node.aggregator.expire(HOUR);
  assert.deepEqual(await node.scrape('ipvs_port'), [`${reused} 43`]);
});

test('a row that came and went between two scrapes is in the sum all the same', async () => {
  const node = new Node();
  node.ingest({ ...oldServer, count: 40 }, newServer);
  node.aggregator.expire(0);
  node.ingest(newServer);
  node.aggregator.expire(60);
  assert.equal(node.aggregator.expire(HOUR), 1);
  node.ingest(newServer);
  assert.deepEqual(await node.scrape('ipvs_port'), [`${reused} 43`]);
});

test('drops that only a kernel without the fix makes are kept for good', async () => {
  const node = new Node();
  const name = 'ipvscope_missing_fix_drops_total';
  assert.deepEqual(await node.scrape(name), [`${name} 0`]);
  node.ingest({
    verdict: Verdict.dropped,
    cause: Cause.conntrack,
    flags: Flag.opening | Flag.missingFix,
    count: 3,
  });
  node.aggregator.expire(0);
  assert.equal(node.aggregator.expire(HOUR), 1);
  assert.deepEqual(await node.scrape(name), [`${name} 3`]);
});

test('delays of one row go, those of the service stay, and the last takes the series', async () => {
  const node = new Node();
  const retry = { kind: Kind.retry, drops: 1, cause: Cause.conntrack } as const;
  const lines = async () =>
    (await node.scrape('ipvs_connect_delay_seconds'))
      .filter((line) => /_sum|_count|le="(1|1.25|3.5|\+Inf)"/.test(line))
      .map((line) =>
        line.replace(`${service},cause="conntrack"`, '').replace('{,', '{').replace('{}', ''),
      );
  node.ingest({ ...retry, ...oldServer, delayUs: 1_250_000 });
  node.ingest({ ...retry, ...newServer, delayUs: 3_000_000 });
  const both = [
    'ipvs_connect_delay_seconds_bucket{le="1"} 0',
    'ipvs_connect_delay_seconds_bucket{le="1.25"} 1',
    'ipvs_connect_delay_seconds_bucket{le="3.5"} 2',
    'ipvs_connect_delay_seconds_bucket{le="+Inf"} 2',
    'ipvs_connect_delay_seconds_sum 4.25',
    'ipvs_connect_delay_seconds_count 2',
  ];
  assert.deepEqual(await lines(), both);
  node.aggregator.expire(0);
  // Of the same row, but nobody waited.
  node.ingest({ ...retry, ...newServer, delayPlace: 6 });
  node.aggregator.expire(60);
  assert.equal(node.aggregator.expire(HOUR), 1);
  assert.deepEqual(await lines(), both);
  assert.equal(node.aggregator.expire(2 * HOUR), 1);
  assert.deepEqual(await lines(), []);
});

test('retries whose delay is not known make no histogram', async () => {
  const node = new Node();
  node.ingest({ kind: Kind.retry, count: 4, cpu: 0xffff });
  assert.deepEqual(await node.scrape('ipvs_connect_delay_seconds'), []);
});

const established = { flags: Flag.hasDestination | Flag.hasEntry | Flag.weightZero };
/** One of each metric. */
const oneOfEach: readonly RecordFields[] = [
  { count: 2 },
  { verdict: Verdict.dropped, cause: Cause.conntrack, count: 3 },
  { kind: Kind.retransmit, count: 4 },
  { kind: Kind.draining, ...established, count: 5 },
  { kind: Kind.stale, count: 6 },
  { kind: Kind.retry, drops: 1, delayUs: 2_000_000, cause: Cause.unavailable },
  { kind: Kind.orphan, verdict: Verdict.rejected, flags: 0, count: 7 },
  { kind: Kind.unsent, verdict: Verdict.dropped, cause: Cause.node, flags: 0, count: 8 },
  { kind: Kind.unscheduled, verdict: Verdict.rejected, cause: Cause.noServer, count: 9 },
  { kind: Kind.undetermined, count: 10 },
  { kind: Kind.new, verdict: 0, flags: Flag.opening, count: 11 },
];
const overflowLines = [
  `ipvs_port_reuse_total{${overflow},verdict="forwarded",conn_state="TIME_WAIT",draining="true"} 2`,
  `ipvs_port_reuse_total{${overflow},verdict="dropped",conn_state="TIME_WAIT",draining="true"} 3`,
  `ipvs_new_connections_to_draining_total{${overflow},remote_address="overflow",remote_port="0",cause="reuse"} 2`,
  `ipvs_new_connections_to_draining_total{${overflow},remote_address="overflow",remote_port="0",cause="template"} 6`,
  `ipvs_dropped_packets_total{${overflow},cause="conntrack",opening="true"} 3`,
  `ipvs_dropped_packets_total{${overflow},cause="node",opening="false"} 8`,
  `ipvs_dropped_packets_total{${overflow},cause="unscheduled",opening="true"} 9`,
  `ipvs_opening_retransmits_total{${overflow},draining="true"} 4`,
  `ipvs_draining_packets_total{${overflow},remote_address="overflow",remote_port="0"} 5`,
  `ipvs_opening_packets_total{${overflow}} ${2 + 3 + 4 + 6 + 9 + 10 + 11}`,
  `ipvs_orphan_packets_total{${overflow}} 7`,
  `ipvs_unsent_packets_total{${overflow},cause="node"} 8`,
  `ipvs_unscheduled_packets_total{${overflow},scheduler="",reason="unknown"} 9`,
  `ipvs_undetermined_openings_total{${overflow},draining="true"} 10`,
  `ipvs_connect_delay_seconds_sum{${overflow},cause="unavailable"} 2`,
  `ipvs_connect_delay_seconds_count{${overflow},cause="unavailable"} 1`,
];
const withoutBuckets = (lines: readonly string[]): string[] =>
  lines.filter((line) => !line.includes('_bucket'));

test('beyond the most series, each metric has one that is labelled overflow', async () => {
  const node = new Node(1);
  node.ingest({ kind: Kind.overload, flags: 0 }, ...oneOfEach);
  assert.deepEqual(withoutBuckets(await node.scrape('ipvs_')), overflowLines);
  const name = 'ipvscope_series_overflow_packets_total';
  assert.deepEqual(await node.scrape(name), [
    `${name} ${2 + 3 + 4 + 5 + 6 + 1 + 7 + 8 + 9 + 10 + 11}`,
  ]);
});

test('what the kernel folded adds to the same series', async () => {
  const node = new Node(4);
  const byKernel = { family: 0, netns: 0, virtual: [[], 0], destination: [[], 0] } as const;
  node.ingest(...oneOfEach.map((fields) => ({ ...fields, ...byKernel })));
  assert.deepEqual(withoutBuckets(await node.scrape('ipvs_')), overflowLines);
  node.ingest({ netns: 7 }, { netns: 7, destination: [[10, 0, 2, 14], 80] });
  assert.equal((await node.scrape(`ipvs_port_reuse_total{${overflow}`))[0]?.split(' ')[1], '4');
});
