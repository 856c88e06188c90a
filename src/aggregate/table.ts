import type { RecordBatch } from '../wire/batch.js';
import { Offset, RECORD_SIZE } from '../wire/layout.generated.js';
import { Delays } from './delays.js';

const RECORD_WORDS = RECORD_SIZE / 4;
const COUNT_WORD = Offset.count / 4;
const DELAY_WORD = Offset.delayUs / 4;
const DROPS_WORD = Offset.drops / 4;
const KEY_START = Offset.netns / 4;
/** 32-bit words of the key: everything that tells two rows apart. */
export const KEY_WORDS = RECORD_SIZE / 4 - KEY_START;

/**
 * Each word times an odd constant of its own, all added up, then mixed. Written out, because the
 * processor then multiplies them side by side: a loop in which each step waits for the one before
 * takes twice the time. With the header's key of another size, `KEY_WORDS` and this differ (a test
 * sees to it).
 */
function hashKey(words: Uint32Array, start: number): number {
  const sum =
    Math.imul(words[start] as number, 0x9e3779b1) +
    Math.imul(words[start + 1] as number, 0x85ebca6b) +
    Math.imul(words[start + 2] as number, 0xc2b2ae35) +
    Math.imul(words[start + 3] as number, 0x27d4eb2f) +
    Math.imul(words[start + 4] as number, 0x165667b1) +
    Math.imul(words[start + 5] as number, 0xd3a2646d) +
    Math.imul(words[start + 6] as number, 0xfd7046c5) +
    Math.imul(words[start + 7] as number, 0xb55a4f09) +
    Math.imul(words[start + 8] as number, 0x8cb92ba7) +
    Math.imul(words[start + 9] as number, 0xe9b5dba5) +
    Math.imul(words[start + 10] as number, 0x3c6ef373) +
    Math.imul(words[start + 11] as number, 0xa54ff53b) +
    Math.imul(words[start + 12] as number, 0x510e527f) +
    Math.imul(words[start + 13] as number, 0x9b05688d);
  const hash = Math.imul((sum | 0) ^ ((sum | 0) >>> 16), 0x7feb352d);
  return hash ^ (hash >>> 15);
}

/**
 * Counts records by key in an open-addressing table of typed arrays: no allocation, no string and no
 * object per record. It holds at most `mostKeys` keys; what does not find room is added up in
 * `overflow`, never lost.
 */
export class CountTable {
  /** Key of row r at r * KEY_WORDS. */
  readonly keys: Uint32Array;
  /** Packets of row r. */
  readonly counts: Float64Array;
  /** Rows in use. */
  size = 0;
  /** What clients waited, by row. */
  readonly delays = new Delays();
  /** Packets whose key found no room. */
  overflow = 0;
  readonly #mostKeys: number;
  /** Row number + 1, or 0; a power of two, at most half full. */
  readonly #slots: Uint32Array;
  readonly #mask: number;

  constructor(mostKeys: number) {
    this.#mostKeys = mostKeys;
    this.keys = new Uint32Array(mostKeys * KEY_WORDS);
    this.counts = new Float64Array(mostKeys);
    let slots = 16;
    while (slots < mostKeys * 2) slots *= 2;
    this.#slots = new Uint32Array(slots);
    this.#mask = slots - 1;
  }

  /** Adds every record of the batch; returns the packets they stand for. */
  ingest(batch: RecordBatch): number {
    const { words, count } = batch;
    let packets = 0;
    for (let index = 0; index < count; index++) {
      const record = index * RECORD_WORDS;
      const amount = words[record + COUNT_WORD] as number;
      const row = this.#row(words, record + KEY_START);
      packets += amount;
      if (row < 0) {
        this.overflow += amount;
      } else {
        (this.counts[row] as number) += amount;
        // Only a retry has drops, and retries are rare.
        if (words[record + DROPS_WORD] !== 0) {
          this.delays.add(row, (words[record + DELAY_WORD] as number) / 1e6);
        }
      }
    }
    return packets;
  }

  #row(words: Uint32Array, start: number): number {
    const hash = hashKey(words, start);
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const row = (this.#slots[slot] as number) - 1;
      if (row < 0) return this.#add(words, start, slot);
      if (this.#equal(row, words, start)) return row;
    }
  }

  #equal(row: number, words: Uint32Array, start: number): boolean {
    const key = row * KEY_WORDS;
    for (let i = 0; i < KEY_WORDS; i++) {
      if (this.keys[key + i] !== words[start + i]) return false;
    }
    return true;
  }

  #add(words: Uint32Array, start: number, slot: number): number {
    if (this.size === this.#mostKeys) return -1;
    const row = this.size++;
    this.#slots[slot] = row + 1;
    this.keys.set(words.subarray(start, start + KEY_WORDS), row * KEY_WORDS);
    return row;
  }
}
