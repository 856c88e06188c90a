/**
 * How many different things came between two that are alike: a Fenwick tree over positions, in which
 * only the last position of each thing is marked.
 */
export class Distinct {
  readonly #tree: Uint32Array;

  constructor(positions: number) {
    this.#tree = new Uint32Array(positions + 1);
  }

  /** The thing at `position`, last seen at `previous`: gives how many others came in between. */
  add(position: number, previous: number | undefined): number {
    let between = 0;
    if (previous !== undefined) {
      between = this.#until(position) - this.#until(previous + 1);
      this.#change(previous, -1);
    }
    this.#change(position, 1);
    return between;
  }

  /** Marks before `end`. */
  #until(end: number): number {
    let sum = 0;
    for (let at = end; at > 0; at -= at & -at) sum += this.#tree[at] ?? 0;
    return sum;
  }

  #change(position: number, by: number): void {
    for (let at = position + 1; at < this.#tree.length; at += at & -at) {
      this.#tree[at] = (this.#tree[at] ?? 0) + by;
    }
  }
}
