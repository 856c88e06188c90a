import { readFileSync } from 'node:fs';
import { packagePath } from './package-root.js';

/** Of this package. Read from package.json. */
export const version: string = (
  JSON.parse(readFileSync(packagePath('package.json'), 'utf8')) as {
    version: string;
  }
).version;
