import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The directory of this package, which holds `dist`, `build`, `native` and package.json. */
const PACKAGE_ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The absolute path of a file or directory of this package, given relative to its root. */
export function packagePath(relative = ''): string {
  return join(PACKAGE_ROOT, relative);
}
