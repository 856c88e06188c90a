import { IpvscopeError } from '../error.js';

interface Step {
  readonly what: string;
  readonly undo: () => unknown;
}

/** What has to be undone, last done first. */
export class CleanUp {
  readonly #steps: Step[] = [];

  /** To be called before the thing is made, so that a half-made one is undone too. */
  add(what: string, undo: () => unknown): void {
    this.#steps.push({ what, undo });
  }

  /**
   * Undoes everything, each step even if another fails. Again is fine.
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
