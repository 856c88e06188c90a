/** Least time between two lines, in milliseconds. */
const EVERY_MS = 5000;

/** Says what goes on, one line now and then. */
export function showProgress(stream: NodeJS.WritableStream): (line: string) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (line) => {
    const now = performance.now();
    if (now - last < EVERY_MS) return;
    last = now;
    stream.write(`bench: ${line}\n`);
  };
}
