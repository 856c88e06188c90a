const SPACE = 32;
const MINUS = 45;
/** The most that are looked at in a line. */
const MOST_WORDS = 8;

/** The words of one line that spaces keep apart, read where they are: 50,000 lines make no strings. */
export class LineWords {
  #bytes: Uint8Array = new Uint8Array(0);
  readonly #starts = new Int32Array(MOST_WORDS);
  readonly #ends = new Int32Array(MOST_WORDS);
  #count = 0;

  /** The line is bytes[start, end). */
  split(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    let count = 0;
    let from = start;
    for (let at = start; at <= end && count < MOST_WORDS; at++) {
      if (at < end && bytes[at] !== SPACE) continue;
      if (at > from) {
        this.#starts[count] = from;
        this.#ends[count++] = at;
      }
      from = at + 1;
    }
    this.#count = count;
  }

  /** Bytes of a word; 0 where there is none. */
  length(word: number): number {
    return word < this.#count ? (this.#ends[word] as number) - (this.#starts[word] as number) : 0;
  }

  byte(word: number, index: number): number {
    return index < this.length(word)
      ? (this.#bytes[(this.#starts[word] as number) + index] as number)
      : 0;
  }

  is(word: number, text: string): boolean {
    if (this.length(word) !== text.length) return false;
    for (let index = 0; index < text.length; index++) {
      if (this.byte(word, index) !== text.charCodeAt(index)) return false;
    }
    return true;
  }

  text(word: number): string {
    let text = '';
    for (let index = 0; index < this.length(word); index++) {
      text += String.fromCharCode(this.byte(word, index));
    }
    return text;
  }

  /** A number of hexadecimal digits; NaN where it is none, or has more than 8. */
  hex(word: number): number {
    const length = this.length(word);
    return length > 8 ? Number.NaN : this.hexBetween(word, 0, length);
  }

  /** ... of the digits from `from` up to `to`. */
  hexBetween(word: number, from: number, to: number): number {
    if (from === to) return Number.NaN;
    let value = 0;
    for (let index = from; index < to; index++) {
      const digit = hexDigits[this.byte(word, index)] as number;
      if (digit < 0) return Number.NaN;
      value = value * 16 + digit;
    }
    return value;
  }

  /** A whole number; NaN where it is none. */
  decimal(word: number): number {
    const isNegative = this.byte(word, 0) === MINUS;
    const length = this.length(word);
    let index = isNegative ? 1 : 0;
    if (index === length) return Number.NaN;
    let value = 0;
    for (; index < length; index++) {
      const digit = hexDigits[this.byte(word, index)] as number;
      if (digit < 0 || digit > 9) return Number.NaN;
      value = value * 10 + digit;
    }
    return isNegative ? -value : value;
  }
}

/** By a byte's value: what it stands for as a hexadecimal digit, or -1. */
const hexDigits = new Int8Array(256).fill(-1);
for (const [value, digit] of [...'0123456789abcdef'].entries()) {
  hexDigits[digit.charCodeAt(0)] = value;
  hexDigits[digit.toUpperCase().charCodeAt(0)] = value;
}
