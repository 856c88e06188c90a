import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { type LabOptions, planLab } from '../../../src/lab/lab-options.js';

const sane: LabOptions = {
  command: ['true'],
  stdout: new PassThrough(),
  stderr: new PassThrough(),
};

describe('the options of a lab', () => {
  const cases: readonly [string, Partial<LabOptions>, string, RegExp][] = [
    ['an unknown kernel', { kernel: '4.19' }, 'ERR_LAB_KERNEL_UNKNOWN', /'4\.19'/],
    ['no command', { command: [] }, 'ERR_LAB_OPTIONS', /empty/],
    ['a program without a name', { command: [''] }, 'ERR_LAB_OPTIONS', /empty/],
    ['a program that reads as a variable', { command: ['a=b'] }, 'ERR_LAB_OPTIONS', /'a=b'/],
    ['a NUL in an argument', { command: ['a', '\0'] }, 'ERR_LAB_OPTIONS', /NUL/],
    ['a variable without a name', { env: { '': 'x' } }, 'ERR_LAB_OPTIONS', /variable ''/],
    ['a variable with an equals sign', { env: { 'A=B': 'x' } }, 'ERR_LAB_OPTIONS', /'A=B'/],
    ['a NUL in a variable', { env: { A: '\0' } }, 'ERR_LAB_OPTIONS', /'A'/],
    ['a relative directory', { cwd: 'src' }, 'ERR_LAB_OPTIONS', /'src'/],
    ['no processor', { cpus: 0 }, 'ERR_LAB_OPTIONS', /cpus is 0/],
    [
      'to count the instructions of two processors',
      { countInstructions: true, cpus: 2 },
      'ERR_LAB_OPTIONS',
      /exactly one CPU, not 2/,
    ],
    ['half a MiB too much', { memoryMiB: 512.5 }, 'ERR_LAB_OPTIONS', /memoryMiB is 512\.5/],
    ['no time', { timeoutMs: 0 }, 'ERR_LAB_OPTIONS', /timeoutMs is 0/],
    [
      'a port beyond the last',
      { publish: [{ hostPort: 8080, guestPort: 65_536 }] },
      'ERR_LAB_OPTIONS',
      /guestPort is 65536/,
    ],
  ];
  for (const [title, change, code, message] of cases) {
    it(`reject ${title}`, () => {
      assert.throws(() => planLab({ ...sane, ...change }), { code, message, exitCode: 2 });
    });
  }

  it('have defaults', () => {
    const { kernel, cwd, cpus, memoryMiB, publish, env, refresh } = planLab(sane);
    assert.deepEqual(
      { kernel, cwd, cpus, memoryMiB, publish, env, refresh },
      {
        kernel: '6.1',
        cwd: process.cwd(),
        cpus: 2,
        memoryMiB: 2048,
        publish: [],
        env: {},
        refresh: false,
      },
    );
  });

  it('count the instructions of one processor', () => {
    assert.equal(planLab({ ...sane, countInstructions: true }).cpus, 1);
  });

  it('keep what the caller chose', () => {
    const plan = planLab({ ...sane, kernel: '6.12', cpus: 1, timeoutMs: 5 });
    assert.deepEqual([plan.kernel, plan.cpus, plan.timeoutMs], ['6.12', 1, 5]);
  });
});
