import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { test } from 'node:test';
import { planAttachments } from '../../src/native/attachment.js';
import { type ProgramState, Session } from '../../src/native/session.js';
import { run } from './command.js';

// What the kernel's verifier says of each program, beside what was recorded for such a kernel.

run('modprobe', 'ip_vs');

const recorded: Readonly<Record<string, Readonly<Record<string, number>>>> = JSON.parse(
  readFileSync(new URL('../../../test/kernel/verifier.json', import.meta.url), 'utf8'),
);
const series = release().split('.').slice(0, 2).join('.');

/** What was recorded of a program, and how much more it may be; a newer series gets more room. */
function known(name: string): readonly [most: number, room: number] {
  const same = recorded[series]?.[name];
  if (same !== undefined) return [same, 1.2];
  return [Math.max(0, ...Object.values(recorded).map((counts) => counts[name] ?? 0)), 2];
}

const processed = ({ verifierLog }: ProgramState): number =>
  Number(/processed (\d+) insns/.exec(verifierLog)?.[1]);

for (const attachment of planAttachments()) {
  test(`the verifier takes every program: ${attachment.variant}`, () => {
    const session = new Session({ attachment, verifierLog: true });
    session.open();
    const programs = session.programs();
    session.close();
    const counts = Object.fromEntries(
      programs.map((program) => [program.name, processed(program)] as const),
    );
    process.stdout.write(`${JSON.stringify({ [series]: counts })}\n`);
    for (const program of programs) {
      const { name, verifiedInstructions } = program;
      const instructions = counts[name] ?? Number.NaN;
      assert.ok(instructions > 0, `${name}: ${program.verifierLog}`);
      // 0: the kernel does not say (before 5.16).
      if (verifiedInstructions > 0) assert.equal(instructions, verifiedInstructions, name);
      const [most, room] = known(name);
      assert.ok(most > 0, `${name} was never recorded: ${instructions}`);
      assert.ok(instructions <= most * room, `${name}: ${instructions}, recorded ${most}`);
    }
  });
}
