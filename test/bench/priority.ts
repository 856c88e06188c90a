import { writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

/**
 * Lets a process that leads its session go before others, so that what else runs on this machine
 * disturbs it less. Where the kernel groups processes by session (sched(7), autogroup), the priority
 * of the group counts, elsewhere its own. Needs root; without it nothing happens.
 */
export function goFirst(pid: number): void {
  const highest = constants.priority.PRIORITY_HIGHEST;
  for (const raise of [
    () => setPriority(pid, highest),
    () => writeFileSync(`/proc/${pid}/autogroup`, String(highest)),
  ]) {
    try {
      raise();
    } catch {
      // Not root, or no such file: figures are noisier, not wrong.
    }
  }
}
