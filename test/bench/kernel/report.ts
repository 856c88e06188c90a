import { type Spread, spread } from '../statistics.js';
import {
  type Attached,
  type Flow,
  flows,
  type Measurement,
  type ObserverName,
  observers,
} from './measurement.js';

/** Flows that somebody looks on. */
const watchedFlows = ['ordinary', 'new', 'notable', 'local', 'defended', 'afterDrop'] as const;

/** Figures of one observer and flow. */
export interface Row {
  readonly observer: ObserverName;
  readonly flow: Flow;
  readonly instructions: Spread;
  /** What it adds to a packet that nobody looks at. */
  readonly added: Spread;
}

export interface Summary {
  readonly rows: readonly Row[];
  /** Milliseconds of the guest's time, by observer. */
  readonly attached: ReadonlyMap<ObserverName, Spread>;
  /** Of a packet, without ip_vs. */
  readonly direct: Spread;
}

/** Each observer's figure is compared to nobody's of the same round. */
export function summarize(lines: readonly (Measurement | Attached)[]): Summary {
  const measurements = lines.filter((line): line is Measurement => 'flow' in line);
  const of = (observer: ObserverName, flow: Flow): readonly Measurement[] =>
    measurements.filter((one) => one.observer === observer && one.flow === flow);
  const alone = (flow: Flow, round: number): number =>
    of('nobody', flow).find((one) => one.round === round)?.instructions ?? Number.NaN;
  const rows = watchedFlows.flatMap((flow) =>
    (Object.keys(observers) as ObserverName[])
      .filter((observer) => of(observer, flow).length > 0)
      .map((observer) => ({
        observer,
        flow,
        instructions: spread(of(observer, flow).map(({ instructions }) => instructions)),
        added: spread(
          of(observer, flow).map(({ instructions, round }) => instructions - alone(flow, round)),
        ),
      })),
  );
  const times = (observer: ObserverName): readonly number[] =>
    lines.flatMap((line) =>
      'attachMs' in line && line.observer === observer ? [line.attachMs] : [],
    );
  const attached = (Object.keys(observers) as ObserverName[])
    .filter((observer) => times(observer).length > 0)
    .map((observer) => [observer, spread(times(observer))] as const);
  return {
    rows,
    attached: new Map(attached),
    direct: spread(of('nobody', 'direct').map(({ instructions }) => instructions)),
  };
}

/** Part of what the node does for the packet because of ip_vs: all of it, less a packet's without. */
const ofHookPath = (added: number, alone: number, { direct }: Summary): number =>
  added / (alone - direct.median);

const find = (summary: Summary, observer: ObserverName, flow: Flow): Row | undefined =>
  summary.rows.find((row) => row.observer === observer && row.flow === flow);

const percent = (part: number): string => `${(part * 100).toFixed(1)} %`;
const whole = (value: number): string => Math.round(value).toLocaleString('en');

const titles = [
  'packet',
  'observer',
  'instructions',
  'min–max',
  'added',
  'of all',
  'of what ip_vs adds',
] as const;

export function formatSummary(summary: Summary, kernel: string): string {
  const rows = summary.rows.map(({ observer, flow, instructions, added }) => {
    const alone = find(summary, 'nobody', flow)?.instructions.median ?? Number.NaN;
    const figures = [
      flow,
      observer,
      whole(instructions.median),
      `${whole(instructions.min)}–${whole(instructions.max)}`,
    ];
    if (observer === 'nobody') return [...figures, '–', '–', '–'];
    return [
      ...figures,
      whole(added.median),
      percent(added.median / alone),
      percent(ofHookPath(added.median, alone, summary)),
    ];
  });
  const lines = [titles, titles.map((_, column) => (column < 2 ? '---' : '---:')), ...rows];
  return [
    ...lines.map((columns) => `| ${columns.join(' | ')} |`),
    '',
    ...watchedFlows.map((flow) => `${flow}: ${flows[flow]}`),
    ...[...new Set(summary.rows.map(({ observer }) => observer))]
      .filter((observer) => observer !== 'nobody')
      .map((observer) => `${observer}: ${observers[observer]}`),
    `Instructions of the sending thread a packet on ${kernel}, softirqs on its way included; ` +
      `a packet without ip_vs takes ${whole(summary.direct.median)}. Medians of rotated rounds. ` +
      'Every observer told as many notable packets as were sent.',
    `Looking after: ${[...summary.attached]
      .map(
        ([observer, { median, min, max }]) =>
          `${observer} ${whole(median)} ms (${whole(min)}–${whole(max)})`,
      )
      .join(', ')}, from the start of the process.`,
    '',
  ].join('\n');
}

/** Goals that these figures answer; shares, not percents. */
export function figures(summary: Summary): Readonly<Record<string, number>> {
  const added = (observer: ObserverName, flow: Flow): number =>
    find(summary, observer, flow)?.added.median ?? Number.NaN;
  const alone = (flow: Flow): number =>
    find(summary, 'nobody', flow)?.instructions.median ?? Number.NaN;
  const all = Object.fromEntries(
    watchedFlows.flatMap((flow) => [
      [`G4 ${flow}`, ofHookPath(added('fexit', flow), alone(flow), summary)],
      [`G4 ${flow}, of all`, added('fexit', flow) / alone(flow)],
      [`G5 kprobe ${flow}`, added('fexit', flow) / added('kprobe', flow)],
      [`G5 bpftrace ${flow}`, added('fexit', flow) / added('bpftrace', flow)],
    ]),
  );
  const attachedOf = (observer: ObserverName): number =>
    summary.attached.get(observer)?.median ?? Number.NaN;
  all['G8 over bpftrace'] = attachedOf('fexit') / attachedOf('bpftrace');
  // Those who were not asked, or are not installed.
  return Object.fromEntries(Object.entries(all).filter(([, value]) => !Number.isNaN(value)));
}
