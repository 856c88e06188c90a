import { type BuildInfo, builtFrom, version } from '../version.js';
import { loadAddon } from './addon.js';

/** What this program was built from and runs with. */
export function buildInfo(): BuildInfo {
  return { version, commit: builtFrom(), libbpf: libbpfVersion(), node: process.versions.node };
}

function libbpfVersion(): string {
  try {
    return loadAddon().libbpf;
  } catch {
    return 'unknown';
  }
}
