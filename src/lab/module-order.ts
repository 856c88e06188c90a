import { IpvscopeError } from '../error.js';

/** What `depmod` and the kernel build say about one release's modules. */
export interface ModuleIndex {
  /** `modules.dep`: each module's path and those it depends on. */
  readonly dependencies: string;
  /** `modules.builtin`: the paths of those that are part of the kernel image. */
  readonly builtin: string;
}

/**
 * The paths of the named modules and all that they depend on, in an order in which each can be
 * loaded. Those built into the kernel are left out.
 *
 * @throws IpvscopeError `ERR_LAB_MODULE_MISSING` for a module that the kernel does not have.
 */
export function moduleOrder(index: ModuleIndex, names: readonly string[]): readonly string[] {
  const needs = new Map<string, readonly string[]>();
  const paths = new Map<string, string>();
  for (const line of lines(index.dependencies)) {
    const [path = '', rest = ''] = line.split(':', 2);
    needs.set(path, rest.split(' ').filter(Boolean));
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

/** The kernel takes `-` and `_` for the same in a module's name. */
function moduleName(path: string): string {
  const file = path.slice(path.lastIndexOf('/') + 1);
  return file.replace(/\.ko(?:\.\w+)?$/, '').replaceAll('-', '_');
}

function lines(text: string): readonly string[] {
  return text.split('\n').filter(Boolean);
}
