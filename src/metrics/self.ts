import { isAttached } from '../source/event-source.js';
import type { Family } from './family.js';

const events: Family = {
  type: 'counter',
  name: 'ipvscope_events_total',
  help: 'Packets reported by the probe, of all kinds.',
  labelNames: [],
  *read(input) {
    yield { labels: {}, value: input.totals().packets };
  },
};

const records: Family = {
  type: 'counter',
  name: 'ipvscope_records_total',
  help: 'Records received from the probe; one may stand for several packets.',
  labelNames: [],
  *read(input) {
    yield { labels: {}, value: input.totals().records };
  },
};

const losses: Family = {
  type: 'counter',
  name: 'ipvscope_records_lost_total',
  help: 'Packets that were notable, or may have been, and have no record, by cause.',
  labelNames: ['cause'],
  *read(input) {
    for (const [cause, value] of Object.entries(input.state().losses)) {
      yield { labels: { cause }, value };
    }
  },
};

const shed: Family = {
  type: 'counter',
  name: 'ipvscope_detail_shed_packets_total',
  help: 'Packets counted without their detail (client, time, conntrack state): there were too many to tell one by one.',
  labelNames: [],
  *read(input) {
    yield { labels: {}, value: input.state().shed };
  },
};

const up: Family = {
  type: 'gauge',
  name: 'ipvscope_attached',
  help: 'Whether the whole probe is attached: 0 while ip_vs is not loaded.',
  labelNames: [],
  *read(input) {
    yield { labels: {}, value: isAttached(input.state()) ? 1 : 0 };
  },
};

const watching: Family = {
  type: 'gauge',
  name: 'ipvscope_watching',
  help: 'Whether the probe sees packets: 1 while it sees its own, 0 while it does not (kernel.ftrace_enabled, kprobes switched off); absent where it can send none.',
  labelNames: [],
  *read(input) {
    const { watching: now } = input.state();
    if (now !== 'unproven') yield { labels: {}, value: now === 'proven' ? 1 : 0 };
  },
};

const blind: Family = {
  type: 'counter',
  name: 'ipvscope_blind_seconds_total',
  help: 'Seconds in which the probe saw none of its own packets: what ip_vs did then is not known.',
  labelNames: [],
  *read(input) {
    yield { labels: {}, value: input.state().blindSeconds };
  },
};

const heartbeats: Family = {
  type: 'counter',
  name: 'ipvscope_heartbeats_total',
  help: "The probe's own packets through the hook of ip_vs, by whether it saw them.",
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
  help: 'Whether the probe is attached to a kernel function, and how.',
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

const misses: Family = {
  type: 'counter',
  name: 'ipvscope_probe_missed_runs_total',
  help: 'Runs of the probe that the kernel skipped because it was running on that CPU already, where it counts them.',
  labelNames: ['function', 'variant'],
  *read(input) {
    for (const { function: name, variant, misses: value } of input.state().programs) {
      if (value !== undefined) yield { labels: { function: name, variant }, value };
    }
  },
};

const overflow: Family = {
  type: 'counter',
  name: 'ipvscope_series_overflow_packets_total',
  help: 'Packets counted in series labelled overflow: --metrics.max-series was reached, or the kernel had no room for more services and servers at once.',
  labelNames: [],
  *read(input) {
    yield { labels: {}, value: input.totals().overflow + input.state().folded };
  },
};

/** What the tool says of itself, and of the kernel below it. */
export const selfFamilies: readonly Family[] = [
  events,
  records,
  losses,
  shed,
  up,
  watching,
  blind,
  heartbeats,
  attached,
  misses,
  overflow,
];
