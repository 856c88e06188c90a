import { type DelayHistogram, type Delays, delayBounds } from '../aggregate/delays.js';
import type { SnapshotRow } from '../aggregate/snapshot.js';
import type { RowFamily } from './row-family.js';
import type { RowSeries } from './row-series.js';
import { headerText, seriesText } from './text.js';

/** Places of a histogram: one for each bound, one for what is beyond them all. */
const PLACES = delayBounds.length + 1;

interface Series {
  readonly key: string;
  /** `name_bucket{le=...} ` for each place, then `name_sum{...} ` and `name_count{...} `. */
  readonly lines: readonly string[];
  readonly rows: Set<number>;
  /** Of rows that have expired; not cumulative. */
  readonly gone: number[];
  goneSeconds: number;
  /** '' when stale, and while nobody has waited. */
  text: string;
}

/** The series of a histogram of delays; its text is made anew where rows were added to. */
export class HistogramSeries implements RowSeries {
  readonly #family: RowFamily;
  readonly #header: string;
  readonly #delays: Delays;
  readonly #seriesOf = new Map<number, Series>();
  readonly #series = new Map<string, Series>();

  constructor(family: RowFamily, delays: Delays) {
    this.#family = family;
    this.#header = headerText(family.name, family.help, 'histogram');
    this.#delays = delays;
  }

  adopt(row: number, described: SnapshotRow): void {
    const labels = this.#family.labels(described);
    if (labels === undefined) return;
    const { name } = this.#family;
    const key = seriesText(name, labels);
    let series = this.#series.get(key);
    if (series === undefined) {
      const bounds = [...delayBounds, '+Inf'];
      const lines = bounds.map((le) => seriesText(`${name}_bucket`, { le, ...labels }));
      lines.push(seriesText(`${name}_sum`, labels), seriesText(`${name}_count`, labels));
      const gone = Array.from({ length: PLACES }, () => 0);
      series = { key, lines, rows: new Set(), gone, goneSeconds: 0, text: '' };
      this.#series.set(key, series);
    }
    series.rows.add(row);
    this.#seriesOf.set(row, series);
  }

  add(row: number): void {
    const series = this.#seriesOf.get(row);
    if (series !== undefined) series.text = '';
  }

  drop(row: number): void {
    const series = this.#seriesOf.get(row);
    if (series === undefined) return;
    this.#seriesOf.delete(row);
    series.rows.delete(row);
    if (series.rows.size === 0) this.#series.delete(series.key);
    const delays = this.#delays.of(row);
    if (delays === undefined) return;
    for (let place = 0; place < PLACES; place++) {
      (series.gone[place] as number) += delays.buckets[place] as number;
    }
    series.goneSeconds += delays.sumSeconds;
  }

  text(): string {
    const pieces = [this.#header];
    for (const series of this.#series.values()) {
      if (series.text === '') series.text = this.#textOf(series);
      pieces.push(series.text);
    }
    return pieces.join('');
  }

  #textOf({ lines, rows, gone, goneSeconds }: Series): string {
    const histograms: DelayHistogram[] = [{ buckets: gone, sumSeconds: goneSeconds }];
    for (const row of rows) {
      const delays = this.#delays.of(row);
      if (delays !== undefined) histograms.push(delays);
    }
    const pieces: string[] = [];
    let count = 0;
    for (let place = 0; place < PLACES; place++) {
      for (const { buckets } of histograms) count += buckets[place] as number;
      pieces.push(lines[place] as string, `${count}\n`);
    }
    const seconds = histograms.reduce((sum, { sumSeconds }) => sum + sumSeconds, 0);
    pieces.push(lines[PLACES] as string, `${seconds}\n`);
    pieces.push(lines[PLACES + 1] as string, `${count}\n`);
    return count === 0 ? '' : pieces.join('');
  }
}
