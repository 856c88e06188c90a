const NEW_LINE = 10;
const DIGIT_0 = 48;
/** Whole numbers below are written digit by digit. */
const MOST_SMALL = 2 ** 31;

/**
 * One metric as bytes of the text format, made of the bytes of the scrape before: what stands between
 * two places where something changed in length is copied as one piece, then changed values are
 * written over the old ones. The text before a value (`name{labels} `) is encoded once.
 *
 * 1. Bytes that were written are never changed afterwards: they may still be on their way to somebody.
 * 2. A sample's number is given to another one only when no bytes of it are left.
 */
export class SampleText {
  /** Bytes of the next `write`. */
  byteLength: number;
  /** Written last. Every sample in `#order` has its line in it. */
  #image: Uint8Array;
  #order: number[] = [];
  /** Something in `#image` has another length now, or is closed. */
  #moved = false;
  /** Not in `#image` yet, by number, with the text before the value. */
  readonly #opened = new Map<number, string>();
  readonly #free: number[] = [];
  // By sample:
  /** Where its line begins in `#image`. */
  readonly #starts: number[] = [];
  /** Bytes before the value. */
  readonly #headLengths: number[] = [];
  /** Bytes of the value, and of the one in `#image`. */
  readonly #widths: number[] = [];
  readonly #writtenWidths: number[] = [];
  readonly #values: number[] = [];
  /** The value in `#image` is another one. */
  readonly #stale: boolean[] = [];
  readonly #closed: boolean[] = [];

  /** `header` comes before all samples, with its line ends. */
  constructor(header: string) {
    this.#image = Buffer.from(header);
    this.byteLength = this.#image.byteLength;
  }

  /** A new sample, of value 0; `head` is all of its line before the value. Returns its number. */
  open(head: string): number {
    const sample = this.#free.pop() ?? this.#starts.length;
    const headLength = Buffer.byteLength(head);
    this.#starts[sample] = 0;
    this.#headLengths[sample] = headLength;
    this.#widths[sample] = 1;
    this.#writtenWidths[sample] = 1;
    this.#values[sample] = 0;
    this.#stale[sample] = true;
    this.#closed[sample] = false;
    this.#opened.set(sample, head);
    this.byteLength += headLength + 2;
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
    this.#moved = true;
  }

  /** The sample is there no more. */
  close(sample: number): void {
    this.byteLength -= this.#lineLength(sample, this.#widths);
    if (this.#opened.delete(sample)) {
      this.#free.push(sample);
    } else {
      this.#closed[sample] = true;
      this.#moved = true;
    }
  }

  /** Writes all of it to `target`, from `at` on. */
  write(target: Buffer, at: number): void {
    const written = target.subarray(at, at + this.byteLength);
    let end = this.#copy(written);
    for (const [sample, head] of this.#opened) {
      const width = this.#widths[sample] as number;
      this.#starts[sample] = end;
      this.#writtenWidths[sample] = width;
      end += written.write(head, end) + width;
      written[end++] = NEW_LINE;
      this.#order.push(sample);
    }
    this.#opened.clear();
    for (const sample of this.#order) {
      if (this.#stale[sample] !== true) continue;
      this.#stale[sample] = false;
      const place = (this.#starts[sample] as number) + (this.#headLengths[sample] as number);
      writeValue(written, place, this.#values[sample] as number, this.#widths[sample] as number);
    }
    this.#image = written;
  }

  /** The image, with every line at its new place; returns where it ends. */
  #copy(written: Uint8Array): number {
    const image = this.#image;
    /** Copied up to here, and how much further right it stands. */
    let from = 0;
    let shift = 0;
    const copyUntil = (until: number): void => {
      written.set(image.subarray(from, until), from + shift);
      from = until;
    };
    if (this.#moved) {
      let kept = 0;
      for (const sample of this.#order) {
        const start = this.#starts[sample] as number;
        if (this.#closed[sample] === true) {
          copyUntil(start);
          const length = this.#lineLength(sample, this.#writtenWidths);
          from += length;
          shift -= length;
          this.#free.push(sample);
          continue;
        }
        this.#order[kept++] = sample;
        this.#starts[sample] = start + shift;
        const width = this.#widths[sample] as number;
        const before = this.#writtenWidths[sample] as number;
        if (width === before) continue;
        copyUntil(start + (this.#headLengths[sample] as number));
        from += before;
        shift += width - before;
        this.#writtenWidths[sample] = width;
      }
      this.#order.length = kept;
      this.#moved = false;
    }
    copyUntil(image.byteLength);
    return image.byteLength + shift;
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
