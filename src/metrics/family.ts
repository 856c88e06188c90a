import type { Registry } from 'prom-client';
import type { Totals } from '../aggregate/totals.js';
import type { ServiceTableState } from '../services/service-table.js';
import type { SourceState } from '../source/event-source.js';
import type { Labels } from './text.js';

/** What a scrape reads beside the count table. */
export interface SelfInput {
  totals(): Totals;
  state(): SourceState;
}

/** What it reads where virtual services are known. */
export interface ServiceInput {
  services(): ServiceTableState;
  /** Samples at 0 that found no room. */
  zerosOmitted(): number;
}

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** A metric of few series, whose values are read anew at every scrape; prom-client writes it. */
export interface Family<Input = SelfInput> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly type: 'counter' | 'gauge';
  /** The values of samples with equal labels are summed. */
  read(input: Input): Iterable<Sample>;
}

export type ServiceFamily = Family<ServiceInput>;

type PromClient = Pick<typeof import('prom-client'), 'Counter' | 'Gauge'>;

export function register<Input>(
  { Counter, Gauge }: PromClient,
  registry: Registry,
  family: Family<Input>,
  input: Input,
): void {
  const Metric = family.type === 'counter' ? Counter<string> : Gauge<string>;
  new Metric({
    name: family.name,
    help: family.help,
    labelNames: [...family.labelNames],
    registers: [registry],
    collect() {
      this.reset();
      // A metric without labels would be 0 where nothing is read.
      if (family.labelNames.length === 0) this.remove();
      for (const { labels, value } of family.read(input)) this.inc({ ...labels }, value);
    },
  });
}
