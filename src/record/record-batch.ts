import { RECORD_SIZE } from './layout.generated.js';
import { RecordView } from './record-view.generated.js';

/**
 * Takes a batch. It may be read until the call returns: the next call brings other records in the same
 * buffer. A returned promise asks for a pause: until it is fulfilled (it is never rejected) records
 * stay in the kernel, which aggregates what its rings have no room for.
 */
export type OnBatch = (batch: RecordBatch) => Promise<void> | undefined;

/** Holds records side by side in one buffer; `count` says how many it holds now. */
export class RecordBatch {
  readonly bytes: Uint8Array;
  /** The same bytes as words of this machine's byte order. */
  readonly words: Uint32Array;
  count = 0;
  readonly #view: RecordView;
  readonly #readDropReasons: () => readonly string[];
  #dropReasons: readonly string[] | undefined;

  /** Throws a RangeError unless the buffer is aligned to 4 bytes and holds whole records. */
  constructor(bytes: Uint8Array, dropReasons: () => readonly string[] = () => []) {
    if (bytes.byteLength % RECORD_SIZE !== 0) {
      throw new RangeError(
        `a batch holds whole records of ${RECORD_SIZE} bytes, not ${bytes.byteLength} bytes`,
      );
    }
    this.#view = new RecordView(bytes);
    this.bytes = bytes;
    this.words = this.#view.words;
    this.#readDropReasons = dropReasons;
  }

  /** Returns a view of one record, valid until the next call: it is the same object each time. */
  record(index: number): RecordView {
    this.#view.start = index * RECORD_SIZE;
    return this.#view;
  }

  /** enum skb_drop_reason of the kernel that the records are from, by value; read when first asked. */
  get dropReasons(): readonly string[] {
    this.#dropReasons ??= this.#readDropReasons();
    return this.#dropReasons;
  }

  /** Records that fit. */
  get capacity(): number {
    return this.bytes.byteLength / RECORD_SIZE;
  }
}
