import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

// The protocol of the packets between lookup and verdict, as the probe and the session compile it,
// in every interleaving of a small world (pending-model.cc says how).

/** Seen from dist/test/unit/native. */
const path = (relative: string): string =>
  fileURLToPath(new URL(`../../../../${relative}`, import.meta.url));

function compile(name: string, ...flags: readonly string[]): string {
  const program = path(`build/model/${name}`);
  mkdirSync(path('build/model'), { recursive: true });
  const source = path('test/unit/native/pending-model.cc');
  const { status, stderr } = spawnSync(
    'g++',
    [
      ...['-std=c++17', '-O2', '-Wall', '-Wextra', '-Werror', '-Wno-missing-field-initializers'],
      ...[...flags, source, '-o', program],
    ],
    { encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
  return program;
}

function explore(program: string, scenario: string, switches: number) {
  const { status, stdout } = spawnSync(program, [scenario, String(switches)], { encoding: 'utf8' });
  const figures = [...stdout.matchAll(/(\d+) (\w+)/g)].map(
    ([, count, what]) => [what, Number(count)] as const,
  );
  return { status, stdout, figures: new Map(figures) };
}

/** Scenario, and how often a task is switched away; fewer show nothing of what is looked for. */
const scenarios = [
  ['preempted', 5],
  ['interrupted', 0],
  ['shared', 2],
  ['crowded', 3],
  ['swept', 4],
] as const;

const model = compile('pending');
for (const [scenario, switches] of scenarios) {
  test(`no packet is given another's verdict, none is lost uncounted: ${scenario}`, (t) => {
    const { status, stdout, figures } = explore(model, scenario, switches);
    t.diagnostic(stdout.trim());
    assert.equal(status, 0, stdout);
    assert.ok((figures.get('interleavings') ?? 0) > 100, stdout);
    assert.ok((figures.get('records') ?? 0) > 100, stdout);
    assert.ok((figures.get('losses') ?? 0) > 100, stdout);
  });
}

test('the model finds exchanged verdicts where the epoch is ignored', () => {
  const broken = compile('pending-any-epoch', '-DEPOCH_IGNORED');
  for (const scenario of ['preempted', 'interrupted'] as const) {
    const { status, stdout } = explore(broken, scenario, 5);
    assert.equal(status, 1, stdout);
    assert.match(stdout, /another's verdict/);
  }
});

test('the model finds what a sweep breaks that claims nothing', () => {
  const broken = compile('pending-unclaimed', '-DSWEEP_UNCLAIMED');
  const { status, stdout } = explore(broken, 'swept', 3);
  assert.equal(status, 1, stdout);
});
