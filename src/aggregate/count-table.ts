import { Offset, RECORD_SIZE } from '../record/layout.generated.js';
import type { RecordBatch } from '../record/record-batch.js';
import { RecordView } from '../record/record-view.generated.js';
import { Delays } from './delays.js';
import { MAX_OVERFLOW_KEYS, OverflowKey } from './overflow-key.js';
import { RowAllocator } from './row-allocator.js';
import { hashKey, KEY_BYTES, KEY_OFFSET, KEY_WORDS, sameKey } from './row-key.js';

const RECORD_WORDS = RECORD_SIZE / 4;
const COUNT_WORD = Offset.count / 4;
const DELAY_WORD = Offset.delayUs / 4;
const KEY_START_WORD = KEY_OFFSET / 4;
// V8 treats a module's own constant as constant, but reads an imported one again in every iteration.
const WORDS = KEY_WORDS;

/**
 * Counts records by key in an open-addressing table of typed arrays: no allocation, no string and no
 * object per record. It holds at most `maxKeys` keys as they are. What finds no room is counted in one of
 * at most MAX_OVERFLOW_KEYS overflow rows (see OverflowKey): never lost.
 *
 * A key keeps its row until the row is removed; then the row is given to another key.
 */
export class CountTable {
  /** The most keys that have a row of their own. */
  readonly maxKeys: number;
  /** The most rows, overflow rows included. */
  readonly capacity: number;
  /** Key of row r at r * KEY_WORDS. */
  readonly keys: Uint32Array;
  /** Packets of row r; 0 where it is not in use. */
  readonly counts: Float64Array;
  /** Whether row r is in use: 1 or 0. */
  readonly used: Uint8Array;
  /** Delays of clients, by row. */
  readonly delays = new Delays();
  /** Packets that were counted in overflow rows. */
  overflow = 0;
  /** Keys that were given a row since the start. */
  entered = 0;
  readonly #rows: RowAllocator;
  readonly #overflowRows: RowAllocator;
  readonly #overflowKey = new OverflowKey();
  /** Row number + 1, or 0; a power of two, at most half full. */
  readonly #slots: Uint32Array;
  readonly #mask: number;
  readonly #view: RecordView;

  constructor(maxKeys: number) {
    this.capacity = maxKeys + MAX_OVERFLOW_KEYS;
    this.#view = new RecordView(new Uint8Array(this.capacity * KEY_BYTES));
    this.keys = this.#view.words;
    this.counts = new Float64Array(this.capacity);
    this.used = new Uint8Array(this.capacity);
    this.maxKeys = maxKeys;
    this.#rows = new RowAllocator(0, maxKeys);
    this.#overflowRows = new RowAllocator(maxKeys, MAX_OVERFLOW_KEYS);
    let slots = 16;
    while (slots < this.capacity * 2) slots *= 2;
    this.#slots = new Uint32Array(slots);
    this.#mask = slots - 1;
  }

  /** One more than the highest row that was ever in use. */
  get end(): number {
    return this.#overflowRows.end === this.maxKeys ? this.#rows.end : this.#overflowRows.end;
  }

  /** Rows in use. */
  get size(): number {
    return this.#rows.size + this.#overflowRows.size;
  }

  /** Bytes of the arrays. */
  get byteLength(): number {
    const { keys, counts, used } = this;
    return keys.byteLength + counts.byteLength + used.byteLength + this.#slots.byteLength;
  }

  /** Returns a view of row r's key, valid until the next call: it is the same object each time. */
  key(row: number): RecordView {
    this.#view.start = row * KEY_BYTES - KEY_OFFSET;
    return this.#view;
  }

  /** Adds every record of the batch; returns the packets they stand for. */
  ingest(batch: RecordBatch): number {
    const { bytes, words, count } = batch;
    let packets = 0;
    for (let index = 0; index < count; index++) {
      const record = index * RECORD_WORDS;
      const amount = words[record + COUNT_WORD] as number;
      let row = this.#row(words, record + KEY_START_WORD, this.#rows);
      if (row < 0) row = this.#overflow(words, record + KEY_START_WORD, amount);
      packets += amount;
      (this.counts[row] as number) += amount;
      // Only an opening packet that was sent again has a delay.
      const delayUs = words[record + DELAY_WORD] as number;
      if (delayUs !== 0) {
        const place = bytes[index * RECORD_SIZE + Offset.delayBucket] as number;
        this.delays.add(row, place, amount, delayUs / 1e6);
      }
    }
    return packets;
  }

  /** Adds the packets of another table's row. */
  addRow(other: CountTable, row: number): void {
    const packets = other.counts[row] as number;
    let mine = this.#row(other.keys, row * KEY_WORDS, this.#rows);
    if (mine < 0) mine = this.#overflow(other.keys, row * KEY_WORDS, packets);
    (this.counts[mine] as number) += packets;
  }

  /** Removes these rows. Costs one pass over the table, however many they are: slots are filled anew. */
  remove(rows: readonly number[]): void {
    for (const row of rows) {
      this.used[row] = 0;
      this.counts[row] = 0;
      this.delays.remove(row);
      (row < this.maxKeys ? this.#rows : this.#overflowRows).free(row);
    }
    this.#slots.fill(0);
    for (let row = 0; row < this.end; row++) {
      if (this.used[row] === 0) continue;
      let slot = hashKey(this.keys, row * KEY_WORDS) & this.#mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask;
      this.#slots[slot] = row + 1;
    }
  }

  /** Returns the overflow row of a key that found no room. */
  #overflow(words: Uint32Array, start: number, packets: number): number {
    this.overflow += packets;
    return this.#row(this.#overflowKey.make(words, start), 0, this.#overflowRows);
  }

  /** Returns the key's row; where it has none, a new one from `room`. -1: none is left. */
  #row(words: Uint32Array, start: number, room: RowAllocator): number {
    const { keys } = this;
    const slots = this.#slots;
    const mask = this.#mask;
    for (let slot = hashKey(words, start) & mask; ; slot = (slot + 1) & mask) {
      const row = (slots[slot] as number) - 1;
      if (row < 0) return this.#enter(words, start, slot, room);
      if (sameKey(keys, row * WORDS, words, start)) return row;
    }
  }

  #enter(words: Uint32Array, start: number, slot: number, room: RowAllocator): number {
    const row = room.allocate();
    if (row < 0) return -1;
    this.#slots[slot] = row + 1;
    this.used[row] = 1;
    this.entered++;
    this.keys.set(words.subarray(start, start + WORDS), row * WORDS);
    return row;
  }
}
