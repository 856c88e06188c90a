import { buildInfo } from '../../native/build-info.js';

/** What `--version` prints: a fact a line. */
export function versionLines(): string {
  const { version, commit, libbpf, node } = buildInfo();
  return `ipvscope ${version}\ncommit: ${commit}\nlibbpf: ${libbpf}\nnode: ${node}`;
}
