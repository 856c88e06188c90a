import { readFileSync } from 'node:fs';

/** Of this package. Read from package.json, which lies beside `dist`. */
export const version: string = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  }
).version;
