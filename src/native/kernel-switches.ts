import type { AttachVariant } from './attachment.js';
import { type KernelFiles, realFiles } from './kernel-files.js';

interface Switch {
  readonly path: string;
  /** How it is reported when it is off. */
  readonly off: string;
  readonly stops: readonly AttachVariant[];
}

/**
 * Switches that keep attached programs from running, without any error. The second file is in debugfs:
 * readable by root only, and not mounted everywhere.
 */
const switches: readonly Switch[] = [
  {
    path: '/proc/sys/kernel/ftrace_enabled',
    off: 'kernel.ftrace_enabled=0',
    stops: ['fexit', 'kprobe'],
  },
  {
    path: '/sys/kernel/debug/kprobes/enabled',
    off: '/sys/kernel/debug/kprobes/enabled=0',
    stops: ['kprobe'],
  },
];

/** Returns the switches that are off, of those that can be read. */
export function switchesOff(
  variant: AttachVariant,
  files: KernelFiles = realFiles,
): readonly string[] {
  return switches
    .filter(({ path, stops }) => stops.includes(variant) && isOff(path, files))
    .map(({ off }) => off);
}

function isOff(path: string, files: KernelFiles): boolean {
  try {
    return files.read(path).trim() === '0';
  } catch {
    return false;
  }
}
