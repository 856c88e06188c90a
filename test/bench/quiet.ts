/** Rounds that figures are made of. */
export interface Kept<Round> {
  readonly kept: readonly Round[];
  readonly discarded: number;
  /** More than half of the rounds were noisy, so that none was discarded. */
  readonly noisy: boolean;
}

/** Leaves out noisy rounds, unless that is most of them. */
export function keepQuiet<Round>(
  rounds: readonly Round[],
  isQuiet: (round: Round) => boolean,
): Kept<Round> {
  const quiet = rounds.filter(isQuiet);
  const noisy = quiet.length * 2 < rounds.length;
  const kept = noisy ? rounds : quiet;
  return { kept, discarded: rounds.length - kept.length, noisy };
}
