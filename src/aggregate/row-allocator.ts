/** Allocates row numbers from `first` on, at most `most` of them; freed ones are reused. */
export class RowAllocator {
  /** One more than the highest row that was ever allocated. */
  end: number;
  readonly #first: number;
  readonly #limit: number;
  readonly #freed: number[] = [];

  constructor(first: number, most: number) {
    this.end = first;
    this.#first = first;
    this.#limit = first + most;
  }

  /** Rows that are allocated. */
  get size(): number {
    return this.end - this.#first - this.#freed.length;
  }

  /** Returns a free row, or -1. */
  allocate(): number {
    const row = this.#freed.pop();
    if (row !== undefined) return row;
    return this.end === this.#limit ? -1 : this.end++;
  }

  /** Frees a row that `allocate()` returned. */
  free(row: number): void {
    this.#freed.push(row);
  }
}
