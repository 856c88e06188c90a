import { Histogram, type MetricObjectWithValues, type MetricValueWithName } from 'prom-client';
import { type DelayHistogram, delayBounds } from '../aggregate/delays.js';
import { type Labels, type MetricsInput, serviceLabelNames, serviceLabels } from './family.js';

const name = 'ipvs_connect_delay_seconds';
const help = 'What clients waited because opening packets were dropped, until one got through.';

type Value = MetricValueWithName<string>;

/** Every retry's delay, read from the snapshot at scrape time like all the rest. */
export class ConnectDelay extends Histogram<string> {
  readonly #input: MetricsInput;
  /** Gives everything but the values. */
  readonly #empty = new Histogram({ name, help, registers: [] });

  constructor(input: MetricsInput) {
    super({
      name,
      help,
      labelNames: [...serviceLabelNames],
      buckets: [...delayBounds],
      registers: [],
    });
    this.#input = input;
  }

  override async get(): Promise<MetricObjectWithValues<Value>> {
    const services = new Map<string, { labels: Labels; histograms: DelayHistogram[] }>();
    for (const row of this.#input.snapshot().rows) {
      if (row.delays === undefined) continue;
      const labels = serviceLabels(row);
      const key = JSON.stringify(labels);
      const service = services.get(key) ?? { labels, histograms: [] };
      services.set(key, service);
      service.histograms.push(row.delays);
    }
    const values = [...services.values()].flatMap(({ labels, histograms }) =>
      valuesOf(labels, histograms),
    );
    return { ...(await this.#empty.get()), values };
  }

  /** What the registry's text format asks first, where a metric has it. */
  getForPromString(): Promise<MetricObjectWithValues<Value>> {
    return this.get();
  }
}

function valuesOf(labels: Labels, histograms: readonly DelayHistogram[]): Value[] {
  const values: Value[] = [];
  let count = 0;
  for (const [index, bound] of [...delayBounds, '+Inf'].entries()) {
    for (const { buckets } of histograms) count += buckets[index] ?? 0;
    values.push({ metricName: `${name}_bucket`, labels: { le: bound, ...labels }, value: count });
  }
  const sum = histograms.reduce((total, { sumSeconds }) => total + sumSeconds, 0);
  values.push({ metricName: `${name}_sum`, labels: { ...labels }, value: sum });
  values.push({ metricName: `${name}_count`, labels: { ...labels }, value: count });
  return values;
}
