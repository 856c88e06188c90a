/** What a command's exit code says. */
export const ExitCode = {
  ok: 0,
  /** It ran and found trouble. */
  trouble: 1,
  usage: 2,
  /** A kernel feature, capability, module or program is missing. */
  prerequisite: 3,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

export interface ErrorDetails {
  /** What the user can do about it: one sentence, imperative. */
  readonly hint?: string;
  /** The step that failed: `open`, `load`, `attach`, ... */
  readonly step?: string;
  /** The positive errno value, where the kernel gave one. */
  readonly errno?: number;
  /** The last lines that libbpf or the verifier printed. */
  readonly log?: string;
  readonly exitCode?: ExitCode;
  readonly cause?: unknown;
}

/**
 * The only error class that reaches a user. `code` is stable and listed in the README; `message` is
 * one line without a final full stop.
 */
export class IpvscopeError extends Error {
  override readonly name = 'IpvscopeError';
  readonly code: string;
  readonly hint: string | undefined;
  readonly step: string | undefined;
  readonly errno: number | undefined;
  readonly log: string | undefined;
  readonly exitCode: ExitCode;

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
    this.step = details.step;
    this.errno = details.errno;
    this.log = details.log;
    this.exitCode = details.exitCode ?? ExitCode.trouble;
  }

  /** One line: the code, what happened, what to do. */
  toLine(): string {
    const hint = this.hint === undefined ? '' : `; ${this.hint}`;
    return `${this.code}: ${this.message}${hint}`;
  }
}
