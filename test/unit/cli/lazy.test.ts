import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url));
const preload = fileURLToPath(new URL('../../support/record-proc.js', import.meta.url));
const ours = new URL('../../../src/', import.meta.url).href;

interface Started {
  readonly code: number | null;
  /** Modules of this project that it loaded, below src. */
  readonly modules: readonly string[];
  /** Files below /proc that it opened or looked for. */
  readonly proc: readonly string[];
}

/** Runs ipvscope; V8's coverage names every script that a process evaluated. */
function start(args: readonly string[]): Started {
  const directory = mkdtempSync(join(tmpdir(), 'ipvscope-lazy-'));
  const coverage = join(directory, 'coverage');
  const record = join(directory, 'proc');
  const { status } = spawnSync(process.execPath, ['--import', preload, main, ...args], {
    env: { ...process.env, NODE_V8_COVERAGE: coverage, RECORD_PROC: record },
    timeout: 30_000,
  });
  const modules = readdirSync(coverage).flatMap((file) => {
    const { result } = JSON.parse(readFileSync(join(coverage, file), 'utf8')) as {
      readonly result: readonly { readonly url: string }[];
    };
    return result.map(({ url }) => url).filter((url) => url.startsWith(ours));
  });
  const proc = existsSync(record) ? readFileSync(record, 'utf8').trim().split('\n') : [];
  rmSync(directory, { recursive: true });
  return { code: status, modules: modules.map((url) => url.slice(ours.length)), proc };
}

// Rooms that only running a command needs.
const HEAVY = /^(?:aggregate|conformance|demo|metrics|monitor|scenario|source|testbed|verify)\//;

for (const [args, most] of [
  [['--version'], 20],
  [['--help'], 20],
  [['help'], 20],
  [['--log.level', 'warn', '--help'], 20],
  [['serve', '--help'], 35],
  [['trace', '--help'], 35],
  [['help', 'trace'], 35],
  [['reproduce', '--help'], 35],
  [['lab', '--help'], 35],
  [['lab', 'demo', '--help'], 35],
  [['btf', '--help'], 35],
  [['completion', '--help'], 35],
] as const) {
  test(`ipvscope ${args.join(' ')}: at most ${most} modules, nothing of /proc`, () => {
    const { code, modules, proc } = start(args);
    assert.equal(code, 0);
    assert.ok(modules.includes('cli/main.js'), 'modules are seen');
    assert.ok(modules.length <= most, `${modules.length}:\n${modules.join('\n')}`);
    assert.deepEqual(
      modules.filter((path) => HEAVY.test(path)),
      [],
    );
    assert.deepEqual(proc, []);
  });
}

test('a command that runs loads its rooms and reads /proc: both are seen here', () => {
  const { modules, proc } = start(['trace', '--timeout', '0.001']);
  assert.ok(modules.length > 50, `${modules.length}`);
  assert.ok(modules.some((path) => HEAVY.test(path)));
  assert.ok(proc.length > 0);
});
