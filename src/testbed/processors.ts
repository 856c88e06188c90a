import { readFileSync } from 'node:fs';

/** The processors that this process and its children may run on; Linux writes them as `0-1,4`. */
export function allowedProcessors(
  status = readFileSync('/proc/self/status', 'utf8'),
): readonly number[] {
  const [, list] = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status) ?? [];
  if (list === undefined) throw new Error('/proc/self/status: no Cpus_allowed_list');
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** A processor as the kernel's files want a set of them: groups of 32 bits, the highest first. */
export function processorMask(processor: number): string {
  const zeros = ',00000000'.repeat(Math.floor(processor / 32));
  return `${(2 ** (processor % 32)).toString(16)}${zeros}`;
}
