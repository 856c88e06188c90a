/** Something of which everybody together, and each client, may have so much. */
export class Share {
  readonly #most: number;
  readonly #mostEach: number;
  readonly #of = new Map<string, number>();
  #all = 0;

  constructor(most: number, mostEach: number) {
    this.#most = most;
    this.#mostEach = mostEach;
  }

  /** What all have. */
  get used(): number {
    return this.#all;
  }

  /**
   * Whether the client may have so much more. The first may be larger than what one may have, and
   * than what all may have: else what is larger could never be had.
   */
  allows(client: string, amount: number): boolean {
    const own = this.#of.get(client) ?? 0;
    return (
      (this.#all === 0 || this.#all + amount <= this.#most) &&
      (own === 0 || own + amount <= this.#mostEach)
    );
  }

  take(client: string, amount: number): void {
    this.#all += amount;
    this.#of.set(client, (this.#of.get(client) ?? 0) + amount);
  }

  giveBack(client: string, amount: number): void {
    this.#all -= amount;
    const own = (this.#of.get(client) ?? 0) - amount;
    if (own === 0) this.#of.delete(client);
    else this.#of.set(client, own);
  }
}
