import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { monotonicUs } from '../clock.js';
import type { Command } from '../peer.js';
import { goFirst } from '../priority.js';

/**
 * Milliseconds from the start of a program until it has written `text`; undefined where it cannot be
 * started, or ends without. Returns when it has ended.
 */
export async function firstOutput(
  [file, ...args]: Command,
  text: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  const startUs = monotonicUs();
  const stdio = ['ignore', 'pipe', 'ignore'] as const;
  // As Peer does it.
  const child = spawn(file, args, { stdio: [...stdio], detached: true, signal });
  if (child.pid !== undefined) goFirst(child.pid);
  let output = '';
  let afterUs: number | undefined;
  child.stdout.on('data', (chunk) => {
    output += chunk;
    if (afterUs === undefined && output.includes(text)) afterUs = monotonicUs() - startUs;
  });
  // A program that is not there has no output; one that was ended says so by the signal.
  child.on('error', () => {});
  await once(child, 'close').catch(() => {});
  signal.throwIfAborted();
  return afterUs === undefined ? undefined : afterUs / 1000;
}
