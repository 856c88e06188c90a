import { stat } from 'node:fs/promises';

/** Describes a finished download: `132 MiB in 4 s`. `startMs` is of `performance.now()`. */
export async function downloadSummary(files: readonly string[], startMs: number): Promise<string> {
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  const mebibytes = sizes.reduce((sum, size) => sum + size, 0) / 2 ** 20;
  const seconds = (performance.now() - startMs) / 1000;
  return `${mebibytes.toFixed(0)} MiB in ${seconds.toFixed(0)} s`;
}
