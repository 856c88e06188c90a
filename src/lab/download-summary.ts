import { stat } from 'node:fs/promises';

/** What files took to come, for people: `139 MB in 4 s`. `startMs` is of `performance.now()`. */
export async function downloadSummary(files: readonly string[], startMs: number): Promise<string> {
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  const megabytes = sizes.reduce((sum, size) => sum + size, 0) / 1e6;
  const seconds = (performance.now() - startMs) / 1000;
  return `${megabytes.toFixed(0)} MB in ${seconds.toFixed(0)} s`;
}
