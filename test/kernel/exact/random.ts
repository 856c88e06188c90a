/** A sequence that looks random and is the same for the same seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 32 bits. */
  word(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let word = this.#state;
    word = Math.imul(word ^ (word >>> 15), word | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return (word ^ (word >>> 14)) >>> 0;
  }

  /** A whole number from 0 to `end`, without it. */
  below(end: number): number {
    return Math.floor((this.word() / 2 ** 32) * end);
  }

  /** True that often. */
  chance(share: number): boolean {
    return this.word() < share * 2 ** 32;
  }

  /** The list must not be empty. */
  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}
