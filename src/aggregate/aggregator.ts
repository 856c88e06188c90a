import type { RecordBatch } from '../wire/batch.js';
import { readRows, type Snapshot } from './snapshot.js';
import { CountTable } from './table.js';

const DEFAULT_MOST_SERIES = 10_000;

/** Adds records up. Pure state: no clock, no I/O. */
export class Aggregator {
  readonly #table: CountTable;
  #records = 0;
  #packets = 0;

  /** `mostSeries` bounds memory; see CountTable. */
  constructor(mostSeries = DEFAULT_MOST_SERIES) {
    this.#table = new CountTable(mostSeries);
  }

  ingest(batch: RecordBatch): void {
    this.#records += batch.count;
    this.#packets += this.#table.ingest(batch);
  }

  snapshot(): Snapshot {
    return {
      rows: readRows(this.#table),
      overflow: this.#table.overflow,
      records: this.#records,
      packets: this.#packets,
    };
  }
}
