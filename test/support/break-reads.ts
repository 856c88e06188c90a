import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { Key } from '../../src/record/layout.generated.js';

/** Of the aggregation maps, and of no other. */
const KEY_SIZE = new RegExp(`^key_size:\\t${Key.size}$`, 'm');

/**
 * Replaces the descriptors of the aggregation maps with /dev/null, so that reads fail. Returns how many
 * there were.
 */
export function breakReads(): number {
  let broken = 0;
  for (const name of readdirSync('/proc/self/fdinfo')) {
    let info = '';
    try {
      info = readFileSync(`/proc/self/fdinfo/${name}`, 'utf8');
    } catch {
      continue; // the listing's own
    }
    if (!KEY_SIZE.test(info)) continue;
    const descriptor = Number(name);
    closeSync(descriptor);
    // The lowest that is free, which all below it are not.
    const others: number[] = [];
    for (let opened = openSync('/dev/null', 'r'); opened !== descriptor; ) {
      others.push(opened);
      opened = openSync('/dev/null', 'r');
    }
    for (const other of others) closeSync(other);
    broken++;
  }
  return broken;
}
