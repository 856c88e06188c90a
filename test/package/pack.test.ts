import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { packagePath } from '../../src/package-root.js';
import { install, nodeAlone, type Packed, pack, packageVersion } from './installed-package.js';

// npm pack, and npm install of the result where PATH has Node alone: no compiler, no shell.

const directory = mkdtempSync(join(tmpdir(), 'ipvscope-package-'));
after(() => rmSync(directory, { recursive: true }));

let packed: Packed;
let path: string;
let root: string;
before(() => {
  packed = pack(directory);
  path = nodeAlone(directory);
  root = install(packed.path, join(directory, 'project'), path);
});

const environment = (): NodeJS.ProcessEnv => ({ ...process.env, PATH: path });

test('the package holds the addon, its sources and the notices', () => {
  const files = new Set(packed.files);
  const expected = [
    'LICENSE',
    'LICENSES/GPL-3.0.txt',
    'LICENSES/LGPL-3.0.txt',
    'NOTICE',
    'binding.gyp',
    'build/Release/ipvscope.node',
    'native/addon/exports.map',
    ...readdirSync(packagePath('native/bpf'), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.[ch]$/.test(name))
      .map((name) => `native/bpf/${name}`),
    'src/scripts/native.sh',
    ...readdirSync(packagePath('native/btf')).map((name) => `native/btf/${name}`),
    ...sourcesOfTheAddon(),
  ];
  assert.deepEqual(
    expected.filter((name) => !files.has(name)),
    [],
  );
});

test('the package holds no tests, build tools or source maps', () => {
  const unwanted =
    /^dist\/(?!src\/)|^dist\/src\/scripts\/|^src\/(?!scripts\/native\.sh$)|^test\/|\.js\.map$|\.ts$(?<!\.d\.ts)/;
  assert.deepEqual(
    packed.files.filter((name) => unwanted.test(name)),
    [],
  );
});

test('installing runs no script', () => {
  const { scripts = {} } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts?: Record<string, string>;
  };
  const atInstall = ['preinstall', 'install', 'postinstall', 'prepare'];
  assert.deepEqual(
    atInstall.filter((name) => name in scripts),
    [],
  );
});

test('ipvscope --version runs from the installed package', () => {
  const command = join(directory, 'project', 'node_modules', '.bin', 'ipvscope');
  const printed = execFileSync(command, ['--version'], { encoding: 'utf8', env: environment() });
  assert.ok(printed.includes(packageVersion), printed);
});

test('the package is imported by its name, and nothing else of it', () => {
  const script =
    "const { open } = await import('ipvscope'); console.log(typeof open);" +
    "await import('ipvscope/dist/src/native/session.js').catch(({ code }) => console.log(code));";
  const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
    cwd: join(directory, 'project'),
    env: environment(),
  });
  assert.equal(printed, 'function\nERR_PACKAGE_PATH_NOT_EXPORTED\n');
});

test('the installed addon loads, and its record generator plays', () => {
  const script = join(directory, 'play-generator.mjs');
  copyFileSync(new URL('play-generator.js', import.meta.url), script);
  const command = [process.execPath, script, root];
  // Loading BPF programs needs root, here as in use.
  const [program = '', ...args] = process.getuid?.() === 0 ? command : ['sudo', ...command];
  const printed = execFileSync(program, args, {
    encoding: 'utf8',
    env: process.getuid?.() === 0 ? environment() : process.env,
  });
  assert.equal(printed, '1000 records\n');
});

test('the addon needs the C library alone, of 2.35 or older', () => {
  execFileSync('bash', [packagePath('src/scripts/check-addon.sh')], { stdio: 'pipe' });
});

/** As binding.gyp names them. */
function sourcesOfTheAddon(): readonly string[] {
  const text = readFileSync(packagePath('binding.gyp'), 'utf8');
  const sources = text.match(/(?<=")native\/[a-z_/]+\.cc(?=")/g) ?? [];
  assert.ok(sources.length > 10);
  return sources;
}
