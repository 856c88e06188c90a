/** Numbers of rows, from `first` on, `most` of them: given out, taken back and given out again. */
export class RowRoom {
  /** Behind the last row that was ever given out. */
  end: number;
  readonly #first: number;
  readonly #limit: number;
  readonly #returned: number[] = [];

  constructor(first: number, most: number) {
    this.end = first;
    this.#first = first;
    this.#limit = first + most;
  }

  /** Rows given out and not back. */
  get size(): number {
    return this.end - this.#first - this.#returned.length;
  }

  /** A row that nobody has, or -1. */
  take(): number {
    const row = this.#returned.pop();
    if (row !== undefined) return row;
    return this.end === this.#limit ? -1 : this.end++;
  }

  giveBack(row: number): void {
    this.#returned.push(row);
  }
}
