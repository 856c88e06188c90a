const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Ends a command: Ctrl-C, SIGTERM, a terminal that hangs up, or whatever calls `stop()` first. */
export class Stop {
  readonly #controller = new AbortController();
  readonly #signalled = new AbortController();
  readonly #onSignal = (): void => {
    this.#signalled.abort();
    this.stop();
  };

  constructor() {
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Aborted by a signal to this process: it has to end soon. */
  get signalled(): AbortSignal {
    return this.#signalled.signal;
  }

  stop(): void {
    this.#controller.abort();
  }

  /** Resolves when it is time to end. */
  async wait(): Promise<void> {
    if (this.signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  /** Signals end the process again, as usual. */
  release(): void {
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
  }
}
