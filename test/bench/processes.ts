import { readdirSync, readFileSync } from 'node:fs';

/** Times that a process's threads went to sleep by themselves: each ended with a wakeup. */
export function wakeups(pid: number): number {
  let sum = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    sum += parseWakeups(readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8'));
  }
  return sum;
}

/** From a thread's `status` (proc(5)). Throws a SyntaxError where it does not say. */
export function parseWakeups(status: string): number {
  const count = /^voluntary_ctxt_switches:\s*(\d+)$/m.exec(status)?.[1];
  if (count === undefined) throw new SyntaxError('no voluntary_ctxt_switches in a status');
  return Number(count);
}

/**
 * Nanoseconds that a process's main thread was ready to run and did not get its CPU, since it was
 * started; 0 where the kernel does not say.
 */
export function runDelay(pid: number): number {
  try {
    return parseRunDelay(readFileSync(`/proc/${pid}/schedstat`, 'utf8'));
  } catch {
    return 0;
  }
}

/** The second number of a `schedstat`. */
export const parseRunDelay = (schedstat: string): number => Number(schedstat.split(' ')[1] ?? 0);
