import type { Aggregator } from '../aggregate/aggregator.js';
import type { RowWatcher } from '../aggregate/row-watcher.js';
import { readRow } from '../aggregate/snapshot.js';
import type { CountTable } from '../aggregate/table.js';
import type { RowSeries } from './row-series.js';

const NEW_LINE = 10;

/**
 * The text of all metrics that are made of the count table.
 *
 * A scrape compares every row's count with the one that it saw last, and hands on what was added:
 * one pass over two arrays. Only a row that is new is read in words, once in its life, to find out
 * which series it adds to. The rest is SampleText's.
 */
export class Exposition implements RowWatcher {
  readonly #table: CountTable;
  readonly #families: readonly RowSeries[];
  /** By row: its count when it was last looked at; 0: it is new. */
  readonly #seen: Float64Array;

  constructor(aggregator: Aggregator, families: readonly RowSeries[]) {
    this.#table = aggregator.table;
    this.#families = families;
    this.#seen = new Float64Array(this.#table.capacity);
    aggregator.watch(this);
  }

  /** Every metric as of now, a blank line below each, then `rest`. Nobody may write to it. */
  text(rest: string): Buffer {
    this.#catchUp();
    let length = Buffer.byteLength(rest);
    for (const family of this.#families) {
      family.update();
      length += family.samples.byteLength + 1;
    }
    const text = Buffer.allocUnsafeSlow(length);
    let at = 0;
    for (const { samples } of this.#families) {
      samples.write(text, at);
      at += samples.byteLength;
      text[at++] = NEW_LINE;
    }
    text.write(rest, at);
    return text;
  }

  onExpire(rows: readonly number[]): void {
    // What was added since the last scrape must not go with its row, and a sum must know of the rows
    // that stay before it lets go of one.
    this.#catchUp();
    for (const row of rows) {
      this.#seen[row] = 0;
      for (const family of this.#families) family.drop(row);
    }
  }

  #catchUp(): void {
    const { counts, end } = this.#table;
    for (let row = 0; row < end; row++) {
      if (counts[row] !== this.#seen[row]) this.#look(row);
    }
  }

  #look(row: number): void {
    const count = this.#table.counts[row] as number;
    const seen = this.#seen[row] as number;
    this.#seen[row] = count;
    if (seen === 0) {
      const described = readRow(this.#table, row);
      for (const family of this.#families) family.adopt(row, described);
    }
    for (const family of this.#families) family.add(row, count - seen);
  }
}
