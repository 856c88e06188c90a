const NEW_LINE = 10;
const DIGIT_0 = 48;
/** Whole numbers below are written digit by digit. */
const MOST_SMALL = 2 ** 31;

/** Lines that stand one behind another. */
interface Segment {
  bytes: Buffer;
  /** Bytes in use. */
  length: number;
  /** The samples whose lines they are, in their order. */
  order: number[];
}

/** Bytes that new lines may take before room is made for more; doubled each time. */
const STAGE_BYTES = 4096;

/**
 * One metric as bytes of the text format, made of the bytes of the scrape before: what stands between
 * two places where something changed in length is copied as one piece, then changed values are
 * written over the old ones. The text before a value (`name{labels} `) is encoded once, when the
 * sample is opened: a scrape with many new samples does not have to wait for it.
 *
 * 1. Bytes that were written are never changed afterwards: they may still be on their way to somebody.
 * 2. A sample's number is given to another one only when no bytes of it are left.
 */
export class SampleText {
  /** Bytes of the next `write`. */
  byteLength: number;
  /** Written last, the header before all lines. */
  #written: Segment;
  /** Lines of samples opened since, each with the value 0 or room for the one it has now. */
  readonly #staged: Segment = { bytes: Buffer.alloc(0), length: 0, order: [] };
  /** Bytes in `#staged` of samples that are closed. */
  #dead = 0;
  /** Something has another length now, or is closed. */
  #moved = false;
  readonly #free: number[] = [];
  // By sample:
  /** Where its line begins in its segment. */
  readonly #starts: number[] = [];
  /** Bytes before the value. */
  readonly #headLengths: number[] = [];
  /** Bytes of the value, and of the one in the segment. */
  readonly #widths: number[] = [];
  readonly #writtenWidths: number[] = [];
  readonly #values: number[] = [];
  /** The value in the segment is another one. */
  readonly #stale: boolean[] = [];
  readonly #closed: boolean[] = [];
  readonly #isStaged: boolean[] = [];

  /** `header` comes before all samples, with its line ends. */
  constructor(header: string) {
    const bytes = Buffer.from(header);
    this.#written = { bytes, length: bytes.byteLength, order: [] };
    this.byteLength = bytes.byteLength;
  }

  /** A new sample, of value 0; `head` is all of its line before the value. Returns its number. */
  open(head: string): number {
    const sample = this.#free.pop() ?? this.#starts.length;
    const staged = this.#staged;
    // UTF-8 takes three bytes at most for what is one in a JavaScript string.
    this.#makeRoom(3 * head.length + 2);
    const headLength = staged.bytes.write(head, staged.length);
    const length = headLength + 2;
    staged.bytes[staged.length + headLength] = DIGIT_0;
    staged.bytes[staged.length + headLength + 1] = NEW_LINE;
    this.#starts[sample] = staged.length;
    this.#headLengths[sample] = headLength;
    this.#widths[sample] = 1;
    this.#writtenWidths[sample] = 1;
    this.#values[sample] = 0;
    this.#stale[sample] = false;
    this.#closed[sample] = false;
    this.#isStaged[sample] = true;
    staged.order.push(sample);
    staged.length += length;
    this.byteLength += length;
    return sample;
  }

  valueOf(sample: number): number {
    return this.#values[sample] as number;
  }

  set(sample: number, value: number): void {
    const before = this.#widths[sample] as number;
    const width = widthOf(value);
    this.#values[sample] = value;
    this.#stale[sample] = true;
    if (width === before) return;
    this.#widths[sample] = width;
    this.byteLength += width - before;
    if (this.#isLast(sample)) this.#resizeLast(sample, width);
    else this.#moved = true;
  }

  /** Whether its line is the last of the staged ones: nothing has to move where it grows. */
  #isLast(sample: number): boolean {
    return this.#isStaged[sample] === true && this.#staged.order.at(-1) === sample;
  }

  #resizeLast(sample: number, width: number): void {
    const staged = this.#staged;
    this.#makeRoom(width);
    const end = (this.#starts[sample] as number) + (this.#headLengths[sample] as number) + width;
    staged.bytes[end] = NEW_LINE;
    staged.length = end + 1;
    this.#writtenWidths[sample] = width;
  }

  /** The sample is there no more. */
  close(sample: number): void {
    this.byteLength -= this.#lineLength(sample, this.#widths);
    this.#closed[sample] = true;
    this.#moved = true;
    if (this.#isStaged[sample] === true)
      this.#dead += this.#lineLength(sample, this.#writtenWidths);
  }

  /** Writes all of it to `target`, from `at` on. */
  write(target: Buffer, at: number): void {
    const written = target.subarray(at, at + this.byteLength);
    const end = this.#copy(this.#written, written, 0);
    this.#copy(this.#staged, written, end);
    const { order } = this.#written;
    for (const sample of this.#staged.order) {
      this.#isStaged[sample] = false;
      order.push(sample);
    }
    this.#moved = false;
    for (const sample of order) {
      if (this.#stale[sample] !== true) continue;
      this.#stale[sample] = false;
      const place = (this.#starts[sample] as number) + (this.#headLengths[sample] as number);
      writeValue(written, place, this.#values[sample] as number, this.#widths[sample] as number);
    }
    this.#written = { bytes: written, length: written.byteLength, order };
    Object.assign(this.#staged, { bytes: Buffer.alloc(0), length: 0, order: [] });
    this.#dead = 0;
  }

  /** Copies the segment, every line to its new place, to `target` from `at` on; returns where it ends. */
  #copy({ bytes, length, order }: Segment, target: Uint8Array, at: number): number {
    /** Copied up to here, and how much further right it stands. */
    let from = 0;
    let shift = at;
    const copyUntil = (until: number): void => {
      target.set(bytes.subarray(from, until), from + shift);
      from = until;
    };
    if (this.#moved || at > 0) {
      let kept = 0;
      for (const sample of order) {
        const start = this.#starts[sample] as number;
        if (this.#closed[sample] === true) {
          copyUntil(start);
          const line = this.#lineLength(sample, this.#writtenWidths);
          from += line;
          shift -= line;
          this.#free.push(sample);
          continue;
        }
        order[kept++] = sample;
        this.#starts[sample] = start + shift;
        const width = this.#widths[sample] as number;
        const before = this.#writtenWidths[sample] as number;
        if (width === before) continue;
        copyUntil(start + (this.#headLengths[sample] as number));
        from += before;
        shift += width - before;
        this.#writtenWidths[sample] = width;
      }
      order.length = kept;
    }
    copyUntil(length);
    return length + shift;
  }

  /** Room for so many bytes behind the staged lines. */
  #makeRoom(length: number): void {
    const staged = this.#staged;
    if (staged.length + length <= staged.bytes.byteLength) return;
    // Where nobody scrapes, samples come and go here.
    let room = STAGE_BYTES;
    while (room < 2 * (staged.length - this.#dead + length)) room *= 2;
    const bytes = Buffer.allocUnsafeSlow(room);
    if (this.#dead === 0) bytes.set(staged.bytes.subarray(0, staged.length));
    else this.#compact(bytes);
    staged.bytes = bytes;
  }

  /** Moves the staged lines whose samples are not closed to `target`. */
  #compact(target: Uint8Array): void {
    const staged = this.#staged;
    let end = 0;
    let kept = 0;
    for (const sample of staged.order) {
      if (this.#closed[sample] === true) {
        this.#free.push(sample);
        continue;
      }
      const start = this.#starts[sample] as number;
      const length = this.#lineLength(sample, this.#writtenWidths);
      target.set(staged.bytes.subarray(start, start + length), end);
      this.#starts[sample] = end;
      staged.order[kept++] = sample;
      end += length;
    }
    staged.order.length = kept;
    staged.length = end;
    this.#dead = 0;
  }

  #lineLength(sample: number, widths: readonly number[]): number {
    return (this.#headLengths[sample] as number) + (widths[sample] as number) + 1;
  }
}

const isSmall = (value: number): boolean =>
  value < MOST_SMALL && value >= 0 && Number.isInteger(value);

function widthOf(value: number): number {
  if (!isSmall(value)) return `${value}`.length;
  let width = 1;
  for (let most = 10; value >= most; most *= 10) width++;
  return width;
}

function writeValue(target: Buffer, at: number, value: number, width: number): void {
  if (!isSmall(value)) {
    target.write(`${value}`, at, 'latin1');
    return;
  }
  let rest = value | 0;
  for (let place = at + width - 1; place >= at; place--) {
    const tenth = (rest / 10) | 0;
    target[place] = DIGIT_0 + rest - tenth * 10;
    rest = tenth;
  }
}
