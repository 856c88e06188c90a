import { readFileSync } from 'node:fs';
import type { Command } from './peer.js';

/** `0-2,5` to its numbers. Throws a SyntaxError. */
export function parseCpuList(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [, first, last] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? [];
    if (first === undefined) throw new SyntaxError(`no list of CPUs: ${text}`);
    const from = Number(first);
    return Array.from({ length: Number(last ?? first) - from + 1 }, (_, index) => from + index);
  });
}

/** CPUs that this process may run on. */
export function allowedCpus(): number[] {
  const status = readFileSync('/proc/self/status', 'utf8');
  return parseCpuList(/^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? '');
}

/** One to produce on, another to consume on. */
export interface TwoCpus {
  readonly producer: number;
  readonly consumer: number;
}

/** Undefined where there is but one. */
export function twoCpus(): TwoCpus | undefined {
  const [producer, consumer] = allowedCpus();
  return producer === undefined || consumer === undefined ? undefined : { producer, consumer };
}

/** The command, all its threads on one CPU. */
export const pinned = (cpu: number, command: Command): Command => [
  'taskset',
  '--cpu-list',
  String(cpu),
  ...command,
];
