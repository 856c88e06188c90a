import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Most collections of one reading. */
const MOST = 10;

/** Bytes in use: objects and array buffers, without what nobody refers to any more. */
export function usedBytes(): number {
  // Array buffers are freed by a thread of its own, after the collection that found nobody has them.
  let least = Number.POSITIVE_INFINITY;
  for (let collections = 0; collections < MOST; collections++) {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    const used = heapUsed + arrayBuffers;
    if (used >= least) return least;
    least = used;
  }
  return least;
}
