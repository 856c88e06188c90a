/** Numbers of rows, from `first` on, `most` of them: given out, taken back and given out again. */
export class RowAllocator {
  /** Behind the last row that was ever given out. */
  end: number;
  readonly #first: number;
  readonly #limit: number;
  readonly #freed: number[] = [];

  constructor(first: number, most: number) {
    this.end = first;
    this.#first = first;
    this.#limit = first + most;
  }

  /** Rows given out and not back. */
  get size(): number {
    return this.end - this.#first - this.#freed.length;
  }

  /** A row that nobody has, or -1. */
  allocate(): number {
    const row = this.#freed.pop();
    if (row !== undefined) return row;
    return this.end === this.#limit ? -1 : this.end++;
  }

  free(row: number): void {
    this.#freed.push(row);
  }
}
