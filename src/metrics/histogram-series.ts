import { type DelayHistogram, type Delays, delayBounds } from '../aggregate/delays.js';
import type { SnapshotRow } from '../aggregate/snapshot.js';
import type { RowFamily } from './row-family.js';
import type { RowSeries } from './row-series.js';
import { SampleText } from './sample-text.js';
import { headerText, type LabelPart, seriesText } from './text.js';

/** Places of a histogram: one for each bound, one for what is beyond them all. */
const PLACES = delayBounds.length + 1;

/** Lines of one series: its buckets, sum and count. */
export const SAMPLES_OF_HISTOGRAM = PLACES + 2;

interface Series {
  readonly text: string;
  readonly labels: readonly LabelPart[];
  /** A bucket for each place, then sum and count; none while nobody has waited and nobody holds it. */
  samples: readonly number[];
  readonly rows: Set<number>;
  holders: number;
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
  /** By the number that `hold` returned; numbers of none are given out again. */
  readonly #held: (Series | undefined)[] = [];
  readonly #free: number[] = [];
  /** Added to since the last update. */
  readonly #stale = new Set<Series>();

  constructor(family: RowFamily, delays: Delays) {
    this.#family = family;
    this.#delays = delays;
    this.samples = new SampleText(headerText(family.name, family.help, 'histogram'));
  }

  adopt(row: number, described: SnapshotRow, service: string): void {
    const labels = this.#family.labels(described, service);
    if (labels === undefined) return;
    const series = this.#series(labels);
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
    if (this.#closeUnused(series)) return;
    const delays = this.#delays.of(row);
    if (delays === undefined) return;
    for (let place = 0; place < PLACES; place++) {
      (series.gone[place] as number) += delays.buckets[place] as number;
    }
    series.goneSeconds += delays.sumSeconds;
  }

  hold(labels: readonly LabelPart[]): number {
    const series = this.#series(labels);
    series.holders++;
    if (series.samples.length === 0) series.samples = this.#open(series.labels);
    const number = this.#free.pop() ?? this.#held.length;
    this.#held[number] = series;
    return number;
  }

  release(number: number): void {
    const series = this.#held[number];
    if (series === undefined) return;
    this.#held[number] = undefined;
    this.#free.push(number);
    series.holders--;
    this.#closeUnused(series);
  }

  update(): void {
    for (const series of this.#stale) this.#sum(series);
    this.#stale.clear();
  }

  #series(labels: readonly LabelPart[]): Series {
    const text = seriesText(this.#family.name, ...labels);
    let series = this.#byText.get(text);
    if (series === undefined) {
      const gone = Array.from({ length: PLACES }, () => 0);
      series = { text, labels, samples: [], rows: new Set(), holders: 0, gone, goneSeconds: 0 };
      this.#byText.set(text, series);
    }
    return series;
  }

  /** Whether the series was closed, because it has neither rows nor holders. */
  #closeUnused(series: Series): boolean {
    if (series.rows.size > 0 || series.holders > 0) return false;
    this.#byText.delete(series.text);
    this.#stale.delete(series);
    for (const sample of series.samples) this.samples.close(sample);
    return true;
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

  #open(labels: readonly LabelPart[]): number[] {
    const { name } = this.#family;
    return [
      ...[...delayBounds, '+Inf'].map((le) => seriesText(`${name}_bucket`, ...labels, { le })),
      seriesText(`${name}_sum`, ...labels),
      seriesText(`${name}_count`, ...labels),
    ].map((text) => this.samples.open(text));
  }
}
