import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Aggregator } from '../../../src/aggregate/aggregator.js';
import { createRegistry } from '../../../src/metrics/registry.js';
import {
  Cause,
  Conntrack,
  Flag,
  Kind,
  Scheduler,
  Verdict,
} from '../../../src/record/layout.generated.js';
import type { SourceState } from '../../../src/source/event-source.js';
import { batchOf, HOST_NETNS, type RecordFields } from '../../support/records.js';

const state: SourceState = {
  programs: [
    { function: 'ip_vs_in_hook', variant: 'fexit', attached: true, skippedRuns: 2 },
    { function: 'ip_vs_schedule', variant: 'fexit', attached: false, skippedRuns: 0 },
  ],
  losses: { unreadable: 3, unpaired: 0 },
  detailDropped: 5,
  kernelOverflow: 0,
  kernelMemory: 4096,
  watching: 'blind',
  unprovenCause: 'x',
  blindSeconds: 1.5,
  blindCause: 'x',
  heartbeats: { seen: 7, missed: 8 },
};

test('watching: 1 while it is proven; no sample, and no false 0, where it cannot be', async () => {
  const told = async (watching: SourceState['watching']): Promise<string[]> => {
    const input = {
      aggregator: new Aggregator(),
      state: () => ({ ...state, watching }),
      hostNetns: HOST_NETNS,
    };
    const registry = createRegistry(input, {
      version: '1.2.3',
      commit: '0123abc',
      libbpf: '1.5',
      node: '20.1.0',
    });
    return String(await registry.metrics())
      .split('\n')
      .filter((line) => line.startsWith('ipvscope_watching'));
  };
  assert.deepEqual(await told('proven'), ['ipvscope_watching 1']);
  assert.deepEqual(await told('blind'), ['ipvscope_watching 0']);
  assert.deepEqual(await told('unproven'), []);
});

async function samples(prefix: string, ...records: RecordFields[]): Promise<string[]> {
  const aggregator = new Aggregator();
  aggregator.ingest(batchOf(...records));
  const registry = createRegistry(
    { aggregator, state: () => state, hostNetns: HOST_NETNS },
    { version: '1.2.3', commit: '0123abc', libbpf: '1.5', node: '20.1.0' },
  );
  await registry.metrics(); // a scrape must not change the next one
  const text = String(await registry.metrics());
  return text.split('\n').filter((line) => line.startsWith(prefix));
}

const service = 'proto="TCP",local_address="10.96.0.10",local_port="80",local_mark="",netns=""';
const healthy = Flag.opening | Flag.hasDestination | Flag.available;

const histogram = (cause: string, buckets: readonly (readonly [string, number])[]): string[] =>
  buckets.map(
    ([le, count]) =>
      `ipvs_connect_delay_seconds_bucket{${service},cause="${cause}",le="${le}"} ${count}`,
  );

const cases: readonly { name: string; prefix: string; records: RecordFields[]; lines: string[] }[] =
  [
    {
      name: 'nothing seen: no series, and no false zero',
      prefix: 'ipvs_',
      records: [],
      lines: [],
    },
    {
      name: 'reuse, by verdict, state and weight',
      prefix: 'ipvs_port_reuse_total',
      records: [
        {},
        {},
        { verdict: Verdict.dropped, connState: 6, flags: healthy },
        { kind: Kind.retransmit },
      ],
      lines: [
        `ipvs_port_reuse_total{${service},verdict="forwarded",conn_state="TIME_WAIT",draining="true"} 2`,
        `ipvs_port_reuse_total{${service},verdict="dropped",conn_state="CLOSE",draining="false"} 1`,
      ],
    },
    {
      name: 'new connections to draining: only forwarded, only weight 0, only new',
      prefix: 'ipvs_new_connections_to_draining_total',
      records: [
        {},
        { count: 4 },
        { flags: healthy },
        { verdict: Verdict.dropped },
        { verdict: Verdict.rescheduled },
        { kind: Kind.retransmit },
        { kind: Kind.draining },
        {
          verdict: Verdict.rescheduled,
          flags: healthy | Flag.rescheduled | Flag.newWeightZero,
          destination: [[10, 0, 2, 13], 8080],
        },
        { kind: Kind.stale, destination: [[10, 0, 2, 12], 8080] },
      ],
      lines: [
        `ipvs_new_connections_to_draining_total{${service},remote_address="10.0.2.11",remote_port="8080",cause="reuse"} 5`,
        `ipvs_new_connections_to_draining_total{${service},remote_address="10.0.2.13",remote_port="8080",cause="template"} 1`,
        `ipvs_new_connections_to_draining_total{${service},remote_address="10.0.2.12",remote_port="8080",cause="template"} 1`,
      ],
    },
    {
      name: 'dropped packets, by cause',
      prefix: 'ipvs_dropped_packets_total',
      records: [
        {},
        { cause: Cause.unanswered },
        { kind: Kind.retry, cause: Cause.conntrack },
        { verdict: Verdict.dropped, cause: Cause.conntrack },
        {
          kind: Kind.unavailable,
          verdict: Verdict.dropped,
          flags: Flag.hasDestination,
          cause: Cause.unavailable,
        },
      ],
      lines: [
        `ipvs_dropped_packets_total{${service},cause="conntrack",opening="true"} 1`,
        `ipvs_dropped_packets_total{${service},cause="unavailable",opening="false"} 1`,
      ],
    },
    {
      name: 'drops that only a kernel without the fix makes',
      prefix: 'ipvscope_missing_fix_drops_total',
      records: [
        { conntrack: Conntrack.unconfirmed },
        { verdict: Verdict.dropped, cause: Cause.conntrack },
        { verdict: Verdict.dropped, cause: Cause.conntrack, flags: healthy | Flag.missingFix },
      ],
      lines: ['ipvscope_missing_fix_drops_total 1'],
    },
    {
      name: 'what clients waited, by what became of the copy before',
      prefix: 'ipvs_connect_delay_seconds',
      records: [
        { kind: Kind.retry, drops: 1, delayUs: 1_020_000, cause: Cause.conntrack },
        { kind: Kind.retry, drops: 1, delayUs: 1_030_000, connState: 0, cause: Cause.conntrack },
        { kind: Kind.retry, drops: 7, delayUs: 127_000_000, cause: Cause.conntrack },
        // Sent again, and this copy was dropped as well: nobody has waited to the end.
        { delayUs: 1_000_000, verdict: Verdict.dropped, cause: Cause.conntrack },
        { kind: Kind.reuse, delayUs: 1_000_000, cause: Cause.unanswered, flags: healthy },
      ],
      lines: [
        ...histogram('conntrack', [
          ...['0.25', '0.5', '1'].map((le) => [le, 0] as const),
          ...['1.25', '1.5', '2', '3.5', '7.5', '15.5', '31.5', '63.5'].map(
            (le) => [le, 2] as const,
          ),
          ['+Inf', 3],
        ]),
        `ipvs_connect_delay_seconds_sum{${service},cause="conntrack"} 129.05`,
        `ipvs_connect_delay_seconds_count{${service},cause="conntrack"} 3`,
        ...histogram('unanswered', [
          ...['0.25', '0.5'].map((le) => [le, 0] as const),
          ...['1', '1.25', '1.5', '2', '3.5', '7.5', '15.5', '31.5', '63.5', '+Inf'].map(
            (le) => [le, 1] as const,
          ),
        ]),
        `ipvs_connect_delay_seconds_sum{${service},cause="unanswered"} 1`,
        `ipvs_connect_delay_seconds_count{${service},cause="unanswered"} 1`,
      ],
    },
    {
      name: 'opening packets that the lookup saw, each once',
      prefix: 'ipvs_opening_packets_total',
      records: [
        { kind: Kind.new, verdict: 0, flags: Flag.hasVirtual, protocol: 6, count: 100 },
        {},
        { kind: Kind.retransmit },
        { kind: Kind.undetermined },
        { kind: Kind.unavailable, verdict: Verdict.dropped, cause: Cause.unavailable },
        { kind: Kind.unscheduled, verdict: Verdict.dropped, cause: Cause.noServer },
        { kind: Kind.stale },
        { kind: Kind.overload, verdict: Verdict.dropped, cause: Cause.overload },
        { kind: Kind.retry, drops: 1, cause: Cause.conntrack },
        { kind: Kind.unsent, verdict: Verdict.dropped, cause: Cause.transmit },
        { kind: Kind.unavailable, verdict: Verdict.dropped, flags: 0, cause: Cause.unavailable },
        { kind: Kind.draining, flags: 0 },
      ],
      lines: [`ipvs_opening_packets_total{${service}} 107`],
    },
    {
      name: 'packets of connections that IPVS has no entry for',
      prefix: 'ipvs_orphan_packets_total',
      records: [{ kind: Kind.orphan, verdict: Verdict.rejected, flags: Flag.hasVirtual, count: 3 }],
      lines: [`ipvs_orphan_packets_total{${service}} 3`],
    },
    {
      name: 'packets that did not leave this node, old entry or not',
      prefix: 'ipvs_unsent_packets_total',
      records: [
        { kind: Kind.unsent, verdict: Verdict.rejected, cause: Cause.transmit },
        { kind: Kind.unsent, verdict: Verdict.dropped, cause: Cause.node, count: 5 },
        { verdict: Verdict.dropped, cause: Cause.transmit },
        { verdict: Verdict.dropped, cause: Cause.conntrack },
        { kind: Kind.retry, cause: Cause.transmit },
      ],
      lines: [
        `ipvs_unsent_packets_total{${service},cause="transmit"} 2`,
        `ipvs_unsent_packets_total{${service},cause="node"} 5`,
      ],
    },
    {
      name: 'why no server was chosen',
      prefix: 'ipvs_unscheduled_packets_total',
      records: [
        {
          kind: Kind.unscheduled,
          verdict: Verdict.rejected,
          cause: Cause.scheduler,
          scheduler: Scheduler.sh,
        },
        { kind: Kind.unscheduled, cause: Cause.noServer, scheduler: Scheduler.rr, count: 2 },
        { kind: Kind.unscheduled, verdict: Verdict.dropped, cause: Cause.unscheduled },
      ],
      lines: [
        `ipvs_unscheduled_packets_total{${service},scheduler="sh",reason="scheduler"} 1`,
        `ipvs_unscheduled_packets_total{${service},scheduler="rr",reason="no server"} 2`,
        `ipvs_unscheduled_packets_total{${service},scheduler="",reason="unknown"} 1`,
      ],
    },
    {
      name: 'what may be a reused port or a retransmission',
      prefix: 'ipvs_undetermined_openings_total',
      records: [
        { kind: Kind.undetermined, count: 2 },
        { kind: Kind.undetermined, flags: healthy },
      ],
      lines: [
        `ipvs_undetermined_openings_total{${service},draining="true"} 2`,
        `ipvs_undetermined_openings_total{${service},draining="false"} 1`,
      ],
    },
    {
      name: 'the same service in two network namespaces',
      prefix: 'ipvs_orphan_packets_total',
      records: [
        { kind: Kind.orphan, verdict: Verdict.rejected },
        { kind: Kind.orphan, verdict: Verdict.rejected, netns: 4026532186, count: 2 },
      ],
      lines: [
        `ipvs_orphan_packets_total{${service}} 1`,
        `ipvs_orphan_packets_total{${service.replace('netns=""', 'netns="4026532186"')}} 2`,
      ],
    },
    {
      name: 'a service of every port is one series, whatever port the packets had',
      prefix: 'ipvs_orphan_packets_total',
      records: [
        { kind: Kind.orphan, verdict: Verdict.rejected, servicePort: 0 },
        {
          kind: Kind.orphan,
          verdict: Verdict.rejected,
          servicePort: 0,
          virtual: [[10, 96, 0, 10], 81],
        },
      ],
      lines: [`ipvs_orphan_packets_total{${service.replace('"80"', '"0"')}} 2`],
    },
    {
      name: 'retransmits',
      prefix: 'ipvs_opening_retransmits_total',
      records: [{ kind: Kind.retransmit }, { kind: Kind.retransmit, flags: healthy }],
      lines: [
        `ipvs_opening_retransmits_total{${service},draining="true"} 1`,
        `ipvs_opening_retransmits_total{${service},draining="false"} 1`,
      ],
    },
    {
      name: 'established traffic of draining servers',
      prefix: 'ipvs_draining_packets_total',
      records: [
        { kind: Kind.draining, count: 40, cpu: 0xffff },
        { kind: Kind.draining, count: 2, cpu: 0xffff },
        { kind: Kind.draining, verdict: Verdict.dropped },
        {},
      ],
      lines: [
        `ipvs_draining_packets_total{${service},remote_address="10.0.2.11",remote_port="8080"} 42`,
      ],
    },
    {
      name: 'a service by mark has the labels of node_exporter',
      prefix: 'ipvs_port_reuse_total',
      records: [{ fwmark: 0x1f }],
      lines: [
        'ipvs_port_reuse_total{proto="FWM",local_address="",local_port="0",local_mark="0000001F",netns="",verdict="forwarded",conn_state="TIME_WAIT",draining="true"} 1',
      ],
    },
    {
      name: 'the tool itself',
      prefix: 'ipvscope_',
      records: [{}, { count: 9 }],
      lines: [
        'ipvscope_missing_fix_drops_total 0',
        'ipvscope_events_total 10',
        'ipvscope_records_total 2',
        'ipvscope_records_lost_total{cause="unreadable"} 3',
        'ipvscope_records_lost_total{cause="unpaired"} 0',
        'ipvscope_detail_shed_packets_total 5',
        'ipvscope_attached 0',
        'ipvscope_watching 0',
        'ipvscope_blind_seconds_total 1.5',
        'ipvscope_heartbeats_total{result="seen"} 7',
        'ipvscope_heartbeats_total{result="missed"} 8',
        'ipvscope_probe_attached{function="ip_vs_in_hook",variant="fexit"} 1',
        'ipvscope_probe_attached{function="ip_vs_schedule",variant="fexit"} 0',
        'ipvscope_probe_missed_runs_total{function="ip_vs_in_hook",variant="fexit"} 2',
        'ipvscope_probe_missed_runs_total{function="ip_vs_schedule",variant="fexit"} 0',
        'ipvscope_series_overflow_packets_total 0',
        'ipvscope_kernel_memory_bytes 4096',
        'ipvscope_build_info{version="1.2.3",commit="0123abc",libbpf="1.5",node="20.1.0"} 1',
      ],
    },
  ];

for (const { name, prefix, records, lines } of cases) {
  test(`metrics: ${name}`, async () => {
    assert.deepEqual(await samples(prefix, ...records), lines);
  });
}

test('a scrape reads the state once, and the next one reads everything anew', async () => {
  const aggregator = new Aggregator();
  let reads = 0;
  const registry = createRegistry(
    {
      aggregator,
      hostNetns: HOST_NETNS,
      state: () => {
        reads++;
        return state;
      },
    },
    { version: '1.2.3', commit: '0123abc', libbpf: '1.5', node: '20.1.0' },
  );
  await registry.metrics();
  assert.equal(reads, 1);
  aggregator.ingest(batchOf({}));
  assert.match(String(await registry.metrics()), /^ipvscope_events_total 1$/m);
  assert.equal(reads, 2);
});
