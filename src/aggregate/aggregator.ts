import type { RecordBatch } from '../record/record-batch.js';
import { CountTable } from './count-table.js';
import { Expiry } from './expiry.js';
import type { RowWatcher } from './row-watcher.js';
import { readRows, type Snapshot } from './snapshot.js';
import type { Totals } from './totals.js';

const DEFAULT_MAX_SERIES = 10_000;

/** Aggregates records. Pure state: no clock, no I/O. */
export class Aggregator {
  /** To be read only. What a reader derives from a row is valid until the row expires. */
  readonly table: CountTable;
  readonly #expiry: Expiry;
  readonly #watchers: RowWatcher[] = [];
  /** The packets of expired rows. It keeps no key as it is: all are in overflow rows. */
  readonly #expired = new CountTable(0);
  #records = 0;
  #packets = 0;

  /**
   * `maxSeries` bounds memory; see CountTable. Rows idle for `expireAfterSeconds` expire when `expire`
   * is called.
   */
  constructor(maxSeries = DEFAULT_MAX_SERIES, expireAfterSeconds = Number.POSITIVE_INFINITY) {
    this.table = new CountTable(maxSeries);
    this.#expiry = new Expiry(this.table.capacity, expireAfterSeconds);
  }

  /** Adds every record of the batch. Allocates nothing per record. */
  ingest(batch: RecordBatch): void {
    this.#records += batch.count;
    const { entered } = this.table;
    this.#packets += this.table.ingest(batch);
    if (this.table.entered === entered) return;
    for (const watcher of this.#watchers) watcher.onNewRows();
  }

  /** Notifies `watcher` of rows that are added and expire from now on. */
  watch(watcher: RowWatcher): void {
    this.#watchers.push(watcher);
  }

  /**
   * Expires idle rows, as of `nowSeconds` on the caller's clock, which must not go back. Returns how
   * many. To be called at intervals: what is added between two calls counts as added at the second.
   */
  expire(nowSeconds: number): number {
    const gone = this.#expiry.pass(this.table, nowSeconds);
    if (gone.length === 0) return 0;
    for (const watcher of this.#watchers) watcher.onExpire(gone);
    for (const row of gone) this.#expired.addRow(this.table, row);
    this.table.remove(gone);
    return gone.length;
  }

  totals(): Totals {
    return { records: this.#records, packets: this.#packets, overflow: this.table.overflow };
  }

  /** Bytes of the arrays, which are allocated at the start and never grow. */
  get byteLength(): number {
    return this.table.byteLength + this.#expiry.byteLength + this.#expired.byteLength;
  }

  /** Returns everything that was counted; of expired rows without service and server. */
  snapshot(): Snapshot {
    return { rows: [...readRows(this.table), ...readRows(this.#expired)], ...this.totals() };
  }
}
