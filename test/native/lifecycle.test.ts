import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const child = fileURLToPath(new URL('./lifecycle-child.js', import.meta.url));

interface Held {
  readonly programs: readonly number[];
  readonly maps: readonly number[];
}

function stillThere(held: Held): string[] {
  const check = (type: string, id: number): string[] =>
    spawnSync('bpftool', [type, 'show', 'id', String(id)]).status === 0 ? [`${type} ${id}`] : [];
  return [
    ...held.programs.flatMap((id) => check('prog', id)),
    ...held.maps.flatMap((id) => check('map', id)),
  ];
}

/** The kernel frees programs after a grace period: asks again until they are gone, for 10 s. */
async function assertGone(held: Held): Promise<void> {
  const deadline = performance.now() + 10_000;
  let left = stillThere(held);
  while (left.length > 0 && performance.now() < deadline) {
    await new Promise((resolve) => setImmediate(resolve));
    left = stillThere(held);
  }
  assert.deepEqual(left, [], 'left behind in the kernel');
}

async function firstLine(process: ChildProcess): Promise<Held> {
  assert.ok(process.stdout);
  const [line] = (await once(createInterface(process.stdout), 'line')) as [string];
  return JSON.parse(line) as Held;
}

const cases: readonly {
  readonly mode: string;
  readonly code: number | null;
  readonly signal?: NodeJS.Signals;
  readonly stderr?: RegExp;
}[] = [
  { mode: 'throw-in-callback', code: 1, stderr: /thrown in the callback/ },
  { mode: 'wait-for-kill', code: null, signal: 'SIGKILL' },
  { mode: 'wait-for-kill', code: null, signal: 'SIGTERM' },
  { mode: 'exit-while-watching', code: 0 },
  { mode: 'exit-in-callback', code: 0 },
  { mode: 'worker-terminated', code: 0 },
  { mode: 'worker-exits', code: 0 },
  { mode: 'worker-throws', code: 0 },
  { mode: 'worker-closes', code: 0 },
  { mode: 'never-watched', code: 0 },
  { mode: 'garbage-collected', code: 0 },
  { mode: 'close-twice', code: 0 },
  { mode: 'close-in-callback', code: 0 },
];

for (const { mode, code, signal, stderr } of cases) {
  test(`${mode}${signal === undefined ? '' : ` by ${signal}`} leaves nothing behind`, async () => {
    const process_ = spawn(process.execPath, ['--expose-gc', child, mode], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let errors = '';
    process_.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    const closed = once(process_, 'close');
    const held = await firstLine(process_);
    assert.equal(held.programs.length, 1, 'the session was open');
    assert.ok(held.maps.length > 0);
    if (signal !== undefined) process_.kill(signal);
    const [exitCode, endedBy] = (await closed) as [number | null, string | null];
    assert.deepEqual({ exitCode, endedBy }, { exitCode: code, endedBy: signal ?? null }, errors);
    if (stderr === undefined) assert.equal(errors, '');
    else assert.match(errors, stderr);
    await assertGone(held);
  });
}
