import { isAttached } from '../source/event-source.js';
import type { Family, ServiceFamily } from './family.js';

const events: Family = {
  type: 'counter',
  name: 'ipvscope_events_total',
  help: 'Packets counted by the probe, of all kinds, ordinary connection-opening packets included.',
  labelNames: [],
  *read(input) {
    yield { labels: {}, value: input.totals().packets };
  },
};

const records: Family = {
  type: 'counter',
  name: 'ipvscope_records_total',
  help: 'Records received from the probe; an aggregated record stands for several packets.',
  labelNames: [],
  *read(input) {
    yield { labels: {}, value: input.totals().records };
  },
};

const losses: Family = {
  type: 'counter',
  name: 'ipvscope_records_lost_total',
  help: 'Notable packets without a record, by cause: the counters above are too low by at most this number. See docs/troubleshooting.md for each cause.',
  labelNames: ['cause'],
  *read(input) {
    for (const [cause, value] of Object.entries(input.state().losses)) {
      yield { labels: { cause }, value };
    }
  },
};

const detailDropped: Family = {
  type: 'counter',
  name: 'ipvscope_detail_shed_packets_total',
  help: 'Packets aggregated without event detail (client, time, conntrack state) because the ring buffer was full. Select fewer kinds, or read events faster.',
  labelNames: [],
  *read(input) {
    yield { labels: {}, value: input.state().detailDropped };
  },
};

const up: Family = {
  type: 'gauge',
  name: 'ipvscope_attached',
  help: 'Whether all programs of the probe are attached; 0 while ip_vs is not loaded.',
  labelNames: [],
  *read(input) {
    yield { labels: {}, value: isAttached(input.state()) ? 1 : 0 };
  },
};

const watching: Family = {
  type: 'gauge',
  name: 'ipvscope_watching',
  help: 'Whether the probe sees packets: 1 while it sees its own heartbeat packets, 0 while it does not (check kernel.ftrace_enabled, and whether kprobes are disabled); absent where it cannot send any.',
  labelNames: [],
  *read(input) {
    const { watching: now } = input.state();
    if (now !== 'unproven') yield { labels: {}, value: now === 'proven' ? 1 : 0 };
  },
};

const blind: Family = {
  type: 'counter',
  name: 'ipvscope_blind_seconds_total',
  help: 'Seconds in which the probe saw none of its own heartbeat packets: events of this time are unknown.',
  labelNames: [],
  *read(input) {
    yield { labels: {}, value: input.state().blindSeconds };
  },
};

const heartbeats: Family = {
  type: 'counter',
  name: 'ipvscope_heartbeats_total',
  help: 'Heartbeat packets through the hook of ip_vs, by whether the probe saw them.',
  labelNames: ['result'],
  *read(input) {
    const { seen, missed } = input.state().heartbeats;
    yield { labels: { result: 'seen' }, value: seen };
    yield { labels: { result: 'missed' }, value: missed };
  },
};

const attached: Family = {
  type: 'gauge',
  name: 'ipvscope_probe_attached',
  help: 'Whether the probe is attached to a kernel function, by attach type.',
  labelNames: ['function', 'variant'],
  *read(input) {
    for (const program of input.state().programs) {
      yield {
        labels: { function: program.function, variant: program.variant },
        value: program.attached ? 1 : 0,
      };
    }
  },
};

const skippedRuns: Family = {
  type: 'counter',
  name: 'ipvscope_probe_missed_runs_total',
  help: 'Runs of a program that the kernel skipped because it was running on that CPU already (BPF recursion); absent where the kernel does not count them.',
  labelNames: ['function', 'variant'],
  *read(input) {
    for (const { function: name, variant, skippedRuns: value } of input.state().programs) {
      if (value !== undefined) yield { labels: { function: name, variant }, value };
    }
  },
};

const overflow: Family = {
  type: 'counter',
  name: 'ipvscope_series_overflow_packets_total',
  help: 'Packets counted in series labelled overflow: --metrics.max-series was reached (raise it), or the kernel had no room for more services and servers at once.',
  labelNames: [],
  *read(input) {
    yield { labels: {}, value: input.totals().overflow + input.state().kernelOverflow };
  },
};

const kernelMemory: Family = {
  type: 'gauge',
  name: 'ipvscope_kernel_memory_bytes',
  help: 'Kernel memory of the probe: maps and ring buffers.',
  labelNames: [],
  *read(input) {
    const { kernelMemory: value } = input.state();
    if (value !== undefined) yield { labels: {}, value };
  },
};

const zerosOmitted: ServiceFamily = {
  type: 'gauge',
  name: 'ipvscope_zero_series_omitted',
  help: 'Series of known virtual services and servers that are omitted while they are 0: --metrics.max-series is reached. Raise it; until then increase() does not count the first packets of these series.',
  labelNames: [],
  *read(input) {
    yield { labels: {}, value: input.zerosOmitted() };
  },
};

const virtualServices: ServiceFamily = {
  type: 'gauge',
  name: 'ipvscope_virtual_services',
  help: 'Virtual services in the tables that could be read, of all network namespaces.',
  labelNames: [],
  *read(input) {
    yield { labels: {}, value: input.services().services };
  },
};

const unreadableProcesses: ServiceFamily = {
  type: 'gauge',
  name: 'ipvscope_unreadable_processes',
  help: 'Processes whose network namespace is not readable, so that its virtual services may be unknown: grant CAP_SYS_PTRACE.',
  labelNames: [],
  *read(input) {
    yield { labels: {}, value: input.services().unreadableProcesses };
  },
};

const unreadableNamespaces: ServiceFamily = {
  type: 'gauge',
  name: 'ipvscope_unreadable_namespaces',
  help: 'Named network namespaces without a process whose virtual services are not readable: grant CAP_SYS_ADMIN.',
  labelNames: [],
  *read(input) {
    yield { labels: {}, value: input.services().unreadableNamespaces };
  },
};

const tableReads: ServiceFamily = {
  type: 'counter',
  name: 'ipvscope_service_table_reads_total',
  help: 'Reads of the tables of virtual services, by result; after a failed read the former tables stay in use.',
  labelNames: ['result'],
  *read(input) {
    const services = input.services();
    yield { labels: { result: 'ok' }, value: services.reads };
    yield { labels: { result: 'failed' }, value: services.failedReads };
  },
};

const tableReadSeconds: ServiceFamily = {
  type: 'counter',
  name: 'ipvscope_service_table_read_seconds_total',
  help: 'Time spent reading the tables of virtual services: at most 1 % of the run time.',
  labelNames: [],
  *read(input) {
    yield { labels: {}, value: input.services().seconds };
  },
};

/** What the tool says of itself, and of the kernel below it. */
export const selfFamilies: readonly Family[] = [
  events,
  records,
  losses,
  detailDropped,
  up,
  watching,
  blind,
  heartbeats,
  attached,
  skippedRuns,
  overflow,
  kernelMemory,
];

/** ... and of the virtual services that it knows. */
export const serviceFamilies: readonly ServiceFamily[] = [
  zerosOmitted,
  virtualServices,
  unreadableProcesses,
  unreadableNamespaces,
  tableReads,
  tableReadSeconds,
];
