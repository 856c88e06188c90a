import assert from 'node:assert/strict';
import type { CleanUp } from '../../../src/testbed/clean-up.js';
import { NamespaceProcess } from '../../../src/testbed/namespace-process.js';
import type { Role } from '../../../src/testbed/namespaces.js';

/** Starts a program that ends with its standard input; `cleanUp` waits for its end. */
export function startProgram(
  role: Role,
  command: readonly string[],
  cleanUp: CleanUp,
): NamespaceProcess {
  const program = new NamespaceProcess(role, command);
  cleanUp.add(command[0] ?? '', () => {
    program.endInput();
    return program.exited;
  });
  return program;
}

/** The next line of a program; fails where the program ends instead. */
export async function lineOf(program: NamespaceProcess): Promise<string> {
  const line = await program.nextLine();
  assert.ok(line !== undefined, `the program ended: ${program.lastWords}`);
  return line;
}
