import { readFileSync } from 'node:fs';
import { ExitCode, IpvscopeError } from '../../src/error.js';
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

/** One to produce on, another to consume on. Throws an IpvscopeError ERR_BENCH_CPUS. */
export function twoCpus(): { readonly producer: number; readonly consumer: number } {
  const [producer, consumer] = allowedCpus();
  if (producer === undefined || consumer === undefined) {
    throw new IpvscopeError('ERR_BENCH_CPUS', 'there is one CPU only to produce and consume on', {
      hint: 'leave this section out with --only',
      exitCode: ExitCode.prerequisite,
    });
  }
  return { producer, consumer };
}

/** The command, all its threads on one CPU. */
export const pinned = (cpu: number, command: Command): Command => [
  'taskset',
  '--cpu-list',
  String(cpu),
  ...command,
];
