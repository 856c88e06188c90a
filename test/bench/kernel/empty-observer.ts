import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AttachedObserver } from './serve-observer.js';

/** Attaches the programs of `object` that do nothing, with the compiled attach.c. */
export async function startEmpty(attach: string, object: string): Promise<AttachedObserver> {
  const child = spawn(attach, [object], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  // "ready" is all that it prints.
  const ready = once(child.stdout, 'data');
  await Promise.race([
    ready,
    closed.then(() => {
      throw new Error('the empty programs were not attached');
    }),
  ]);
  return {
    async end() {
      child.kill();
      await closed;
      return undefined;
    },
  };
}
