import type { SnapshotRow } from '../aggregate/snapshot.js';
import type { RowFamily } from './row-family.js';
import type { RowSeries } from './row-series.js';
import { headerText, type Labels, seriesText } from './text.js';

/**
 * A counter's series. Name and labels of a series are made into text once, its value only when it
 * has changed; a scrape joins these pieces.
 */
export class CounterSeries implements RowSeries {
  readonly #family: RowFamily;
  readonly #header: string;
  /** By row: its series + 1; 0 where it adds to none. */
  readonly #seriesOf: Int32Array;
  /** Series by `name{labels} `. */
  readonly #series = new Map<string, number>();
  /** Of series s: at 2s `name{labels} `, at 2s + 1 its value and the line's end; '' when stale. */
  readonly #pieces: string[] = [];
  readonly #values: number[] = [];
  /** Rows that a series has; 0 where the place is free, and its pieces are both ''. */
  readonly #rows: number[] = [];
  readonly #free: number[] = [];

  /** `rows`: how many the count table has room for. */
  constructor(family: RowFamily, rows: number) {
    this.#family = family;
    this.#header = headerText(family.name, family.help, 'counter');
    this.#seriesOf = new Int32Array(rows);
    if (family.fromStart !== undefined) this.#join(family.fromStart);
  }

  adopt(row: number, described: SnapshotRow): void {
    const labels = this.#family.labels(described);
    if (labels !== undefined) this.#seriesOf[row] = this.#join(labels) + 1;
  }

  add(row: number, packets: number): void {
    const series = (this.#seriesOf[row] as number) - 1;
    if (series < 0) return;
    (this.#values[series] as number) += packets;
    this.#pieces[2 * series + 1] = '';
  }

  drop(row: number): void {
    const series = (this.#seriesOf[row] as number) - 1;
    if (series < 0) return;
    this.#seriesOf[row] = 0;
    if (--(this.#rows[series] as number) > 0) return;
    this.#series.delete(this.#pieces[2 * series] as string);
    this.#pieces[2 * series] = '';
    this.#pieces[2 * series + 1] = '';
    this.#free.push(series);
  }

  text(): string {
    const pieces = this.#pieces;
    for (let series = 0; series < this.#rows.length; series++) {
      if (pieces[2 * series + 1] === '' && this.#rows[series] !== 0) {
        pieces[2 * series + 1] = `${this.#values[series]}\n`;
      }
    }
    return this.#header + pieces.join('');
  }

  /** The series of these labels, with one row more. */
  #join(labels: Labels): number {
    const text = seriesText(this.#family.name, labels);
    let series = this.#series.get(text);
    if (series === undefined) {
      series = this.#free.pop() ?? this.#rows.length;
      this.#series.set(text, series);
      this.#pieces[2 * series] = text;
      this.#pieces[2 * series + 1] = '';
      this.#values[series] = 0;
      this.#rows[series] = 0;
    }
    (this.#rows[series] as number)++;
    return series;
  }
}
