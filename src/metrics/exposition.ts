import type { Aggregator } from '../aggregate/aggregator.js';
import type { CountTable } from '../aggregate/count-table.js';
import type { RowWatcher } from '../aggregate/row-watcher.js';
import { readRow, type SnapshotRow } from '../aggregate/snapshot.js';
import { Slices } from '../slices.js';
import { serviceLabels } from './row-family.js';
import type { RowSeries } from './row-series.js';

const NEW_LINE = 10;

export interface ExpositionOptions {
  readonly aggregator: Aggregator;
  readonly families: readonly RowSeries[];
  readonly hostNetns: number;
  readonly slices?: () => Slices;
}

/**
 * The text of all metrics that are made of the count table.
 *
 * A row that is new is read in words, once in its life, to find out which series it adds to: when it
 * comes, in slices that let others run, since thousands may come at once. A scrape compares every
 * row's count with the one that it saw last, and hands on what was added: one pass over two arrays.
 * The rest is SampleText's.
 */
export class Exposition implements RowWatcher {
  readonly #table: CountTable;
  readonly #families: readonly RowSeries[];
  readonly #hostNetns: number;
  readonly #slices: () => Slices;
  /** By row: its count when it was last looked at. */
  readonly #seen: Float64Array;
  /** By row: 1 where the families know it. */
  readonly #adopted: Uint8Array;
  #hasNewRows = true;
  #adopting: Promise<void> | undefined;

  constructor({ aggregator, families, hostNetns, slices }: ExpositionOptions) {
    this.#table = aggregator.table;
    this.#families = families;
    this.#hostNetns = hostNetns;
    this.#slices = slices ?? (() => new Slices());
    this.#seen = new Float64Array(this.#table.capacity);
    this.#adopted = new Uint8Array(this.#table.capacity);
    aggregator.watch(this);
  }

  /** Resolves when every row is known, so that `text` need not keep the event loop for long. */
  async prepare(): Promise<void> {
    this.#adopting ??= this.#adoptNew().finally(() => {
      this.#adopting = undefined;
    });
    await this.#adopting;
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
      const { byteLength } = samples;
      samples.write(text, at);
      at += byteLength;
      text[at++] = NEW_LINE;
    }
    text.write(rest, at);
    return text;
  }

  onNewRows(): void {
    this.#hasNewRows = true;
    void this.prepare();
  }

  onExpire(rows: readonly number[]): void {
    // What was added since the last scrape must not go with its row, and a sum must know of the rows
    // that stay before it lets go of one.
    this.#catchUp();
    for (const row of rows) {
      this.#seen[row] = 0;
      this.#adopted[row] = 0;
      for (const family of this.#families) family.drop(row);
    }
  }

  async #adoptNew(): Promise<void> {
    if (!this.#hasNewRows) return;
    const slices = this.#slices();
    // Whoever brought the rows is not to wait for them.
    await slices.pause();
    while (this.#hasNewRows) {
      this.#hasNewRows = false;
      for (let row = 0; row < this.#table.end; row++) {
        if (this.#adopted[row] !== 0 || this.#table.used[row] === 0) continue;
        this.#adopt(row);
        if (slices.isOver) await slices.pause();
      }
    }
  }

  #adopt(row: number): void {
    const described = readRow(this.#table, row);
    const service = this.#serviceLabels(described);
    for (const family of this.#families) {
      family.adopt(row, described, service);
      // At once: a new series is made with room for its value.
      family.add(row, described.packets);
    }
    this.#adopted[row] = 1;
    this.#seen[row] = described.packets;
  }

  #serviceLabels({ virtual, netns, fwmark, proto }: SnapshotRow): string {
    const { address, port } = virtual;
    return serviceLabels({ netns, fwmark, proto, address, port }, this.#hostNetns);
  }

  #catchUp(): void {
    const { counts, end } = this.#table;
    for (let row = 0; row < end; row++) {
      if (counts[row] !== this.#seen[row]) this.#look(row);
    }
  }

  #look(row: number): void {
    if (this.#adopted[row] === 0) {
      this.#adopt(row);
      return;
    }
    const count = this.#table.counts[row] as number;
    for (const family of this.#families) family.add(row, count - (this.#seen[row] as number));
    this.#seen[row] = count;
  }
}
