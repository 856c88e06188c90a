import { type Spread, spread } from '../statistics.js';
import { type Flow, flows, type Measurement, type ObserverName, observers } from './measurement.js';

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
  /** Of a packet, without ip_vs. */
  readonly direct: Spread;
}

/** Each observer's figure is compared to nobody's of the same round. */
export function summarize(measurements: readonly Measurement[]): Summary {
  const of = (observer: ObserverName, flow: Flow): readonly Measurement[] =>
    measurements.filter((one) => one.observer === observer && one.flow === flow);
  const alone = (flow: Flow, round: number): number =>
    of('nobody', flow).find((one) => one.round === round)?.instructions ?? Number.NaN;
  const rows = (['ordinary', 'notable'] as const).flatMap((flow) =>
    observers
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
  return {
    rows,
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
    ...lines.map((cells) => `| ${cells.join(' | ')} |`),
    '',
    ...(['ordinary', 'notable'] as const).map((flow) => `${flow}: ${flows[flow]}`),
    `Instructions of the sending thread a packet on ${kernel}, softirqs on its way included; ` +
      `a packet without ip_vs takes ${whole(summary.direct.median)}. Medians of rotated rounds. ` +
      'Every observer told as many notable packets as were sent.',
    '',
  ].join('\n');
}

/** Goals that these figures answer; shares, not percents. */
export function figures(summary: Summary): Readonly<Record<string, number>> {
  const added = (observer: ObserverName, flow: Flow): number =>
    find(summary, observer, flow)?.added.median ?? Number.NaN;
  const share = (flow: 'ordinary' | 'notable'): number =>
    ofHookPath(
      added('fexit', flow),
      find(summary, 'nobody', flow)?.instructions.median ?? Number.NaN,
      summary,
    );
  const all = {
    'G4 ordinary': share('ordinary'),
    'G4 notable': share('notable'),
    'G5 kprobe ordinary': added('fexit', 'ordinary') / added('kprobe', 'ordinary'),
    'G5 kprobe notable': added('fexit', 'notable') / added('kprobe', 'notable'),
    'G5 bpftrace ordinary': added('fexit', 'ordinary') / added('bpftrace', 'ordinary'),
    'G5 bpftrace notable': added('fexit', 'notable') / added('bpftrace', 'notable'),
  };
  // bpftrace may not be there.
  return Object.fromEntries(Object.entries(all).filter(([, value]) => !Number.isNaN(value)));
}
