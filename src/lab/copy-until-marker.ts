import { IpvscopeError } from '../error.js';
import { MarkerCutter } from './marker-cutter.js';

/**
 * Copies `source` into `target` until the marker or the end of `source`. Each chunk waits until the
 * previous one has been written; `target` stays open.
 *
 * @throws IpvscopeError `ERR_LAB_OUTPUT` if a write to `target` fails; the reason of `signal`.
 */
export async function copyUntilMarker(
  source: AsyncIterable<Buffer>,
  target: NodeJS.WritableStream,
  marker: Buffer,
  signal: AbortSignal,
): Promise<void> {
  const cutter = new MarkerCutter(marker);
  for await (const chunk of source) {
    await write(target, cutter.push(chunk), signal);
    if (cutter.ended) {
      return;
    }
  }
  await write(target, cutter.flush(), signal);
}

async function write(
  target: NodeJS.WritableStream,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  if (bytes.length === 0) {
    return;
  }
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    target.write(bytes, (error) => {
      signal.removeEventListener('abort', stop);
      if (error) {
        reject(outputFailed(error));
      } else {
        resolve();
      }
    });
  });
}

function outputFailed(cause: Error): IpvscopeError {
  return new IpvscopeError('ERR_LAB_OUTPUT', "cannot write the command's output", {
    step: 'output',
    cause,
  });
}
