/** Quiet rounds that figures can be made of though most were noisy. */
export const ENOUGH = 5;

/** Rounds that figures are made of. */
export interface Kept<Round> {
  readonly kept: readonly Round[];
  readonly discarded: number;
  /** Fewer than half of the rounds were quiet, and fewer than ENOUGH, so that none was discarded. */
  readonly noisy: boolean;
}

/** Leaves out noisy rounds, unless that would leave too few. */
export function keepQuiet<Round>(
  rounds: readonly Round[],
  isQuiet: (round: Round) => boolean,
): Kept<Round> {
  const quiet = rounds.filter(isQuiet);
  const noisy = quiet.length < Math.min(rounds.length / 2, ENOUGH);
  const kept = noisy ? rounds : quiet;
  return { kept, discarded: rounds.length - kept.length, noisy };
}

/** For legends: when noisy rounds are kept. */
export const UNLESS = `unless that would leave fewer than ${ENOUGH} and fewer than half`;
