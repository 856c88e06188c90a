import type { RecordBatch } from '../record/record-batch.js';
import { CountTable } from './count-table.js';
import { Expiry } from './expiry.js';
import type { RowWatcher } from './row-watcher.js';
import { readRows, type Snapshot } from './snapshot.js';
import type { Totals } from './totals.js';

const DEFAULT_MAX_SERIES = 10_000;

/** Adds records up. Pure state: no clock, no I/O. */
export class Aggregator {
  /** Read it, and keep what is made of a row until it expires. */
  readonly table: CountTable;
  readonly #expiry: Expiry;
  readonly #watchers: RowWatcher[] = [];
  /** The packets of rows that are gone. It has no room of its own: every key is folded. */
  readonly #expired = new CountTable(0);
  #records = 0;
  #packets = 0;

  /**
   * `maxSeries` bounds memory; see CountTable. Rows to which nothing was added for
   * `expireAfterSeconds` are forgotten when `expire` is called.
   */
  constructor(maxSeries = DEFAULT_MAX_SERIES, expireAfterSeconds = Number.POSITIVE_INFINITY) {
    this.table = new CountTable(maxSeries);
    this.#expiry = new Expiry(this.table.capacity, expireAfterSeconds);
  }

  ingest(batch: RecordBatch): void {
    this.#records += batch.count;
    const { entered } = this.table;
    this.#packets += this.table.ingest(batch);
    if (this.table.entered === entered) return;
    for (const watcher of this.#watchers) watcher.onNewRows();
  }

  /** `watcher` hears of the rows that come and expire from now on. */
  watch(watcher: RowWatcher): void {
    this.#watchers.push(watcher);
  }

  /**
   * Forgets rows that have rested long enough, as of `nowSeconds` on the caller's clock, which must
   * not go back. Returns how many. To be called every now and then: what is added between two calls
   * counts as added at the second.
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

  /** Bytes of the arrays, which are made at the start and never grow. */
  get byteLength(): number {
    return this.table.byteLength + this.#expiry.byteLength + this.#expired.byteLength;
  }

  /** All that was counted; of rows that have expired, without service and server. */
  snapshot(): Snapshot {
    return { rows: [...readRows(this.table), ...readRows(this.#expired)], ...this.totals() };
  }
}
