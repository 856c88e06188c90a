import { ExitCode } from '../../error.js';

export interface Rounds {
  /** Until `signal` is aborted. */
  readonly loop: boolean;
  readonly signal: AbortSignal;
  /** Plays one round; whether it came out as it has to. May throw when `signal` is aborted. */
  readonly play: () => Promise<boolean>;
}

/** Plays rounds. The exit code is that of all that were played to their end, however it ends. */
export async function playRounds({ loop, signal, play }: Rounds): Promise<ExitCode> {
  let code: ExitCode = ExitCode.ok;
  do {
    try {
      if (!(await play())) code = ExitCode.trouble;
    } catch (cause) {
      if (!signal.aborted) throw cause;
    }
  } while (loop && !signal.aborted);
  return code;
}
