import { Counter, Gauge, type Registry } from 'prom-client';
import type { Totals } from '../aggregate/totals.js';
import type { SourceState } from '../source/event-source.js';
import type { Labels } from './text.js';

/** What a scrape reads beside the count table. */
export interface SelfInput {
  totals(): Totals;
  state(): SourceState;
}

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** A metric of few series, whose values are read anew at every scrape; prom-client writes it. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly type: 'counter' | 'gauge';
  /** Samples with equal labels are added up. */
  read(input: SelfInput): Iterable<Sample>;
}

export function register(registry: Registry, family: Family, input: SelfInput): void {
  const Metric = family.type === 'counter' ? Counter<string> : Gauge<string>;
  new Metric({
    name: family.name,
    help: family.help,
    labelNames: [...family.labelNames],
    registers: [registry],
    collect() {
      this.reset();
      // What prom-client makes 0 of, without being told: no sample is no sample.
      if (family.labelNames.length === 0) this.remove();
      for (const { labels, value } of family.read(input)) this.inc({ ...labels }, value);
    },
  });
}
