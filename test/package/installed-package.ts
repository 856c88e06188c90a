import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { packagePath } from '../../src/package-root.js';

/** What `npm pack` tells of the package. */
export interface Packed {
  /** The tarball. */
  readonly path: string;
  /** Of the files in it, relative to the package's root. */
  readonly files: readonly string[];
}

/** The version that package.json names. */
export const packageVersion = (
  JSON.parse(readFileSync(packagePath('package.json'), 'utf8')) as { version: string }
).version;

/** Runs npm with the Node of this process, whatever PATH holds. */
function npm(args: readonly string[], options: { cwd: string; env?: NodeJS.ProcessEnv }): string {
  const cli = realpathSync(
    execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim(),
  );
  return execFileSync(process.execPath, [cli, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  });
}

/** Packs what is built (the package's own script, prepack, would build it anew) into a directory. */
export function pack(destination: string): Packed {
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', destination];
  const printed: unknown = JSON.parse(npm(args, { cwd: packagePath() }));
  // An array up to npm 11, an object by name after it.
  const [packed] = Object.values(printed as object) as {
    filename: string;
    files: { path: string }[];
  }[];
  if (packed === undefined) throw new Error('npm pack told of no package');
  return {
    path: join(destination, packed.filename),
    files: packed.files.map(({ path }) => path),
  };
}

/** A directory for PATH that holds `node` and nothing else: no compiler, no shell. */
export function nodeAlone(parent: string): string {
  const directory = join(parent, 'bin');
  mkdirSync(directory);
  symlinkSync(process.execPath, join(directory, 'node'));
  return directory;
}

/** Installs a tarball into an empty directory with that PATH; returns where the package is then. */
export function install(tarball: string, directory: string, path: string): string {
  mkdirSync(directory);
  const quiet = ['--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];
  npm(['install', '--prefix', directory, '--prefer-offline', ...quiet, tarball], {
    cwd: directory,
    env: { ...process.env, PATH: path },
  });
  return join(directory, 'node_modules', 'ipvscope');
}
