import { IpvscopeError } from '../error.js';

interface Step {
  readonly what: string;
  readonly undo: () => unknown;
}

/** Steps that undo what was created, run in reverse order. */
export class CleanUp {
  readonly #steps: Step[] = [];

  /** Adds a step. Call it before the thing is created, so that a half-created one is undone too. */
  add(what: string, undo: () => unknown): void {
    this.#steps.push({ what, undo });
  }

  /**
   * Runs every step, even where another fails. Idempotent.
   *
   * @throws IpvscopeError `ERR_SCENARIO_CLEAN_UP` naming what could not be undone.
   */
  async run(): Promise<void> {
    const left: string[] = [];
    const causes: unknown[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step.undo();
      } catch (cause) {
        left.push(step.what);
        causes.push(cause);
      }
    }
    if (left.length > 0) {
      throw new IpvscopeError('ERR_SCENARIO_CLEAN_UP', `could not remove ${left.join(', ')}`, {
        step: 'clean-up',
        hint: 'the next run tries again',
        cause: causes.length === 1 ? causes[0] : new AggregateError(causes),
      });
    }
  }
}
