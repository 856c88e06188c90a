import { readFileSync } from 'node:fs';
import { packagePath } from './package-root.js';

/** Of this package. Read from package.json. */
export const version: string = (
  JSON.parse(readFileSync(packagePath('package.json'), 'utf8')) as {
    version: string;
  }
).version;

/** What this program was built from and runs with: `--version` and `ipvscope_build_info` show it. */
export interface BuildInfo {
  readonly version: string;
  /** Abbreviated, with `-dirty` where the tree had changes; `unknown` outside a checkout. */
  readonly commit: string;
  /** Linked into the addon; `unknown` where the addon cannot be loaded. */
  readonly libbpf: string;
  readonly node: string;
}

/** The commit that src/scripts/build-info.sh wrote when this program was built. */
export function builtFrom(): string {
  try {
    const text = readFileSync(packagePath('dist/build-info.json'), 'utf8');
    return (JSON.parse(text) as BuildInfo).commit;
  } catch {
    return 'unknown';
  }
}
