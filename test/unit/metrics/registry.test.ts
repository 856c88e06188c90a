import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Aggregator } from '../../../src/aggregate/aggregator.js';
import { createRegistry } from '../../../src/metrics/registry.js';
import type { SourceState } from '../../../src/source/event-source.js';
import { Conntrack, Flag, Kind, Verdict } from '../../../src/wire/layout.generated.js';
import { batchOf, type RecordFields } from '../../support/records.js';

const state: SourceState = {
  programs: [
    { function: 'ip_vs_in_hook', variant: 'fexit', attached: true, misses: 2 },
    { function: 'ip_vs_schedule', variant: 'fexit', attached: false, misses: 0 },
  ],
  losses: { unreadable: 3, unpaired: 0 },
  shed: 5,
  folded: 0,
  watching: 'blind',
  unprovenCause: 'x',
  blindSeconds: 1.5,
  blindCause: 'x',
  heartbeats: { seen: 7, missed: 8 },
};

test('watching: 1 while it is proven; no sample, and no false 0, where it cannot be', async () => {
  const told = async (watching: SourceState['watching']): Promise<string[]> => {
    const input = { aggregator: new Aggregator(), state: () => ({ ...state, watching }) };
    const registry = createRegistry(input, '1.2.3');
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
  const registry = createRegistry({ aggregator, state: () => state }, '1.2.3');
  await registry.metrics(); // a scrape must not change the next one
  const text = String(await registry.metrics());
  return text.split('\n').filter((line) => line.startsWith(prefix));
}

const service = 'proto="TCP",local_address="10.96.0.10",local_port="80",local_mark=""';
const healthy = Flag.opening | Flag.hasDestination | Flag.available;

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
        { verdict: Verdict.dropped },
        { kind: Kind.unavailable, verdict: Verdict.dropped, flags: Flag.hasDestination },
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
        { verdict: Verdict.dropped },
        { verdict: Verdict.dropped, conntrack: Conntrack.unconfirmed },
        { kind: Kind.overload, verdict: Verdict.dropped, conntrack: Conntrack.unconfirmed },
      ],
      lines: ['ipvscope_missing_fix_drops_total 1'],
    },
    {
      name: 'what clients waited',
      prefix: 'ipvs_connect_delay_seconds',
      records: [
        { kind: Kind.retry, drops: 1, delayUs: 1_020_000 },
        { kind: Kind.retry, drops: 1, delayUs: 1_030_000, connState: 0 },
        { kind: Kind.retry, drops: 7, delayUs: 127_000_000 },
      ],
      lines: [
        ...['0.25', '0.5', '1'].map((le) => [le, 0]),
        ...['1.25', '1.5', '2', '3.5', '7.5', '15.5', '31.5', '63.5'].map((le) => [le, 2]),
        ['+Inf', 3],
      ]
        .map(([le, count]) => `ipvs_connect_delay_seconds_bucket{le="${le}",${service}} ${count}`)
        .concat([
          `ipvs_connect_delay_seconds_sum{${service}} 129.05`,
          `ipvs_connect_delay_seconds_count{${service}} 3`,
        ]),
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
        'ipvs_port_reuse_total{proto="FWM",local_address="",local_port="0",local_mark="0000001F",verdict="forwarded",conn_state="TIME_WAIT",draining="true"} 1',
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
        'ipvscope_build_info{version="1.2.3"} 1',
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
      state: () => {
        reads++;
        return state;
      },
    },
    '1.2.3',
  );
  await registry.metrics();
  assert.equal(reads, 1);
  aggregator.ingest(batchOf({}));
  assert.match(String(await registry.metrics()), /^ipvscope_events_total 1$/m);
  assert.equal(reads, 2);
});
