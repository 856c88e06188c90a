import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { BARE_ENVIRONMENT, inRoot, makeBareRoot } from './bare-root.js';
import { install, nodeAlone, pack, packageVersion } from './installed-package.js';

// The packed package in root directories that hold Node and its libraries alone (chroot, so root is
// needed), and the package's own build of the addon.

const skip = process.getuid?.() === 0 ? false : 'a chroot needs root';
const directory = mkdtempSync(join(tmpdir(), 'ipvscope-bare-'));
const project = join(directory, 'project');
const PACKAGE = 'node_modules/ipvscope';
const MAIN = `/project/${PACKAGE}/dist/src/cli/main.js`;

before(() => {
  if (skip === false) install(pack(directory).path, project, nodeAlone(directory));
});
after(() => rmSync(directory, { recursive: true }));

async function bareRoot(kernel: string): Promise<string> {
  const scratch = join(directory, kernel);
  mkdirSync(scratch);
  const root = await makeBareRoot(kernel, scratch, project);
  copyFileSync(new URL('play-generator.js', import.meta.url), join(root, 'play-generator.mjs'));
  return root;
}

function run(root: string, args: readonly string[]): SpawnSyncReturns<string> {
  const [program = '', ...rest] = inRoot(root, args);
  return spawnSync(program, rest, { encoding: 'utf8', env: BARE_ENVIRONMENT, timeout: 60_000 });
}

const play = (root: string): SpawnSyncReturns<string> =>
  run(root, ['/play-generator.mjs', `/project/${PACKAGE}`]);

// Debian 12 and 13, by the kernels that the lab has of them.
for (const [kernel, debian] of [
  ['6.1', 'Debian 12'],
  ['6.12', 'Debian 13'],
] as const) {
  describe(`Node and the libraries of ${debian} alone`, { skip }, () => {
    let root: string;
    before(async () => {
      root = await bareRoot(kernel);
    });

    test('--version', () => {
      const { status, stdout, stderr } = run(root, [MAIN, '--version']);
      assert.equal(status, 0, stderr);
      assert.ok(stdout.includes(packageVersion), stdout);
    });

    test('the addon loads, and its record generator plays', () => {
      const { stdout, stderr } = play(root);
      assert.equal(stdout, '1000 records\n', stderr);
    });

    test('lab says in one line what it lacks', () => {
      const { status, stdout, stderr } = run(root, [MAIN, 'lab', 'trace']);
      assert.equal(stdout, '');
      assert.match(
        stderr,
        /^ipvscope: ERR_PROGRAM_MISSING: not installed here: qemu-system-x86_64, .*modprobe.*apt-get install .*\n$/,
      );
      assert.equal(status, 3);
    });

    test('serve serves, and attaches or says what it waits for', async () => {
      const [program = '', ...args] = inRoot(root, [
        MAIN,
        'serve',
        '--web.listen-address',
        '127.0.0.1:0',
      ]);
      const child = spawn(program, args, {
        env: BARE_ENVIRONMENT,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const ended = new Promise((resolve) => child.once('close', resolve));
      const lines: string[] = [];
      let url: string | undefined;
      for await (const line of createInterface({ input: child.stderr })) {
        lines.push(line);
        url ??= /http:\/\/\S+\/metrics/.exec(line)?.[0];
        if (!/attached on|waiting: ip_vs is not loaded/.test(line)) continue;
        const response = await fetch(url ?? '');
        assert.match(await response.text(), /^ipvscope_build_info\{/m);
        child.kill('SIGTERM');
      }
      assert.equal(await ended, 0, lines.join('\n'));
      assert.notEqual(url, undefined, lines.join('\n'));
    });
  });
}

test('Debian 11, whose C library is too old: the line names the version it lacks', {
  skip,
}, async () => {
  const { status, stderr } = play(await bareRoot('5.10'));
  assert.match(
    stderr,
    /^ERR_ADDON_LOAD: the addon \S+ cannot be loaded: .*`GLIBC_2\.\d+' not found.*build it with: npm --prefix \S+ run build:native\)?\n$/,
  );
  assert.equal(status, 3);
});

test('the installed package builds its addon by the command that the error names', { skip }, () => {
  const own = join(project, PACKAGE);
  rmSync(join(own, 'build'), { recursive: true });
  const script = join(directory, 'play-generator.mjs');
  copyFileSync(new URL('play-generator.js', import.meta.url), script);
  const before = spawnSync(process.execPath, [script, own], { encoding: 'utf8' });
  const hint = /there is no such file.*build it with: (npm .*? run build:native)/.exec(
    before.stderr,
  )?.[1];
  assert.equal(hint, `npm --prefix ${own} run build:native`);
  const built = spawnSync('sh', ['-c', hint ?? 'false'], { encoding: 'utf8', cwd: '/' });
  assert.equal(built.status, 0, built.stdout.slice(-2000) + built.stderr.slice(-2000));
  const after = spawnSync(process.execPath, [script, own], { encoding: 'utf8' });
  assert.equal(after.stdout, '1000 records\n', after.stderr);
});
