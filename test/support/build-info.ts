import type { BuildInfo } from '../../src/version.js';

/** For registries whose build nobody looks at. */
export const someBuild: BuildInfo = { version: '0.0.0', commit: '', libbpf: '', node: '' };
