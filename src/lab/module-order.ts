import { IpvscopeError } from '../error.js';

/** The module lists of one kernel release, from `depmod` and the kernel's build. */
export interface ModuleIndex {
  /** `modules.dep`: each module's path and the paths of its dependencies. */
  readonly dependencies: string;
  /** `modules.builtin`: the paths of modules built into the kernel image. */
  readonly builtin: string;
}

/**
 * Returns the paths of the named modules and their dependencies, in loading order and without those
 * built into the kernel.
 *
 * @throws IpvscopeError `ERR_LAB_MODULE_MISSING` for a module that the kernel lacks.
 */
export function moduleOrder(index: ModuleIndex, names: readonly string[]): readonly string[] {
  const needs = new Map<string, readonly string[]>();
  const paths = new Map<string, string>();
  for (const line of lines(index.dependencies)) {
    const [path = '', dependencies = ''] = line.split(':', 2);
    needs.set(path, dependencies.split(' ').filter(Boolean));
    paths.set(moduleName(path), path);
  }
  const builtin = new Set(lines(index.builtin).map(moduleName));

  const ordered = new Set<string>();
  const visiting = new Set<string>();
  const visit = (path: string): void => {
    if (visiting.has(path)) {
      return;
    }
    visiting.add(path);
    for (const needed of needs.get(path) ?? []) {
      visit(needed);
    }
    ordered.add(path);
  };
  for (const name of names) {
    const path = paths.get(moduleName(name));
    if (path !== undefined) {
      visit(path);
    } else if (!builtin.has(moduleName(name))) {
      throw new IpvscopeError('ERR_LAB_MODULE_MISSING', `the kernel has no module ${name}`, {
        step: 'initramfs',
      });
    }
  }
  return [...ordered];
}

/** In a module's name the kernel treats `-` and `_` as equal. */
function moduleName(path: string): string {
  const file = path.slice(path.lastIndexOf('/') + 1);
  return file.replace(/\.ko(?:\.\w+)?$/, '').replaceAll('-', '_');
}

function lines(text: string): readonly string[] {
  return text.split('\n').filter(Boolean);
}
