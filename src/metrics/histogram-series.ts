import { type DelayHistogram, type Delays, delayBounds } from '../aggregate/delays.js';
import type { SnapshotRow } from '../aggregate/snapshot.js';
import type { RowFamily } from './row-family.js';
import type { RowSeries } from './row-series.js';
import { SampleText } from './sample-text.js';
import { headerText, type Labels, seriesText } from './text.js';

/** Places of a histogram: one for each bound, one for what is beyond them all. */
const PLACES = delayBounds.length + 1;

interface Series {
  readonly labels: readonly Labels[];
  /** A bucket for each place, then sum and count; none while nobody has waited. */
  samples: readonly number[];
  readonly rows: Set<number>;
  /** Of rows that have expired; not cumulative. */
  readonly gone: number[];
  goneSeconds: number;
}

/** The series of a histogram of delays. Few rows have delays: those added to are summed up anew. */
export class HistogramSeries implements RowSeries {
  readonly samples: SampleText;
  readonly #family: RowFamily;
  readonly #delays: Delays;
  readonly #seriesOf = new Map<number, Series>();
  readonly #byText = new Map<string, Series>();
  /** Added to since the last update. */
  readonly #stale = new Set<Series>();

  constructor(family: RowFamily, delays: Delays) {
    this.#family = family;
    this.#delays = delays;
    this.samples = new SampleText(headerText(family.name, family.help, 'histogram'));
  }

  adopt(row: number, described: SnapshotRow): void {
    const labels = this.#family.labels(described);
    if (labels === undefined) return;
    const text = seriesText(this.#family.name, ...labels);
    let series = this.#byText.get(text);
    if (series === undefined) {
      const gone = Array.from({ length: PLACES }, () => 0);
      series = { labels, samples: [], rows: new Set(), gone, goneSeconds: 0 };
      this.#byText.set(text, series);
    }
    series.rows.add(row);
    this.#seriesOf.set(row, series);
  }

  add(row: number): void {
    const series = this.#seriesOf.get(row);
    if (series !== undefined) this.#stale.add(series);
  }

  drop(row: number): void {
    const series = this.#seriesOf.get(row);
    if (series === undefined) return;
    this.#seriesOf.delete(row);
    series.rows.delete(row);
    if (series.rows.size === 0) {
      this.#byText.delete(seriesText(this.#family.name, ...series.labels));
      this.#stale.delete(series);
      for (const sample of series.samples) this.samples.close(sample);
      return;
    }
    const delays = this.#delays.of(row);
    if (delays === undefined) return;
    for (let place = 0; place < PLACES; place++) {
      (series.gone[place] as number) += delays.buckets[place] as number;
    }
    series.goneSeconds += delays.sumSeconds;
  }

  update(): void {
    for (const series of this.#stale) this.#sum(series);
    this.#stale.clear();
  }

  #sum(series: Series): void {
    const histograms: DelayHistogram[] = [{ buckets: series.gone, sumSeconds: series.goneSeconds }];
    for (const row of series.rows) {
      const delays = this.#delays.of(row);
      if (delays !== undefined) histograms.push(delays);
    }
    const values: number[] = [];
    let count = 0;
    for (let place = 0; place < PLACES; place++) {
      for (const { buckets } of histograms) count += buckets[place] as number;
      values.push(count);
    }
    if (count === 0) return;
    values.push(
      histograms.reduce((sum, { sumSeconds }) => sum + sumSeconds, 0),
      count,
    );
    if (series.samples.length === 0) series.samples = this.#open(series.labels);
    for (const [index, sample] of series.samples.entries()) {
      this.samples.set(sample, values[index] as number);
    }
  }

  #open(labels: readonly Labels[]): number[] {
    const { name } = this.#family;
    return [
      ...[...delayBounds, '+Inf'].map((le) => seriesText(`${name}_bucket`, { le }, ...labels)),
      seriesText(`${name}_sum`, ...labels),
      seriesText(`${name}_count`, ...labels),
    ].map((text) => this.samples.open(text));
  }
}
