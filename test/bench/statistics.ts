/** The middle of some figures, and how far they reach. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Throws a RangeError where there are no figures. */
export function spread(figures: readonly number[]): Spread {
  const sorted = [...figures].sort((a, b) => a - b);
  const at = (index: number): number => {
    const figure = sorted[index];
    if (figure === undefined) throw new RangeError('no figures to take the median of');
    return figure;
  };
  const upper = at(sorted.length >> 1);
  const median = sorted.length % 2 === 1 ? upper : (at((sorted.length >> 1) - 1) + upper) / 2;
  return { median, min: at(0), max: at(sorted.length - 1) };
}
