import type { CleanUp } from '../../../src/testbed/clean-up.js';
import type { Role } from '../../../src/testbed/namespaces.js';
import { Spoken } from './spoken.js';

const END = 'ipvscope-exact-end';

/**
 * A shell that stays inside a namespace. To start a program there takes the lab's guest a third of a
 * second; what the shell does itself takes no time.
 */
export class NamespaceShell {
  readonly #shell: Spoken;

  constructor(role: Role, cleanUp: CleanUp) {
    this.#shell = new Spoken(role, ['sh']);
    cleanUp.add(`the shell in ${role}`, () => this.#shell.close());
  }

  /** Runs the commands to their end and gives the lines that they printed; throws where one fails. */
  async run(commands: string): Promise<readonly string[]> {
    this.#shell.write(`(set -e\n${commands}\n) 2>&1\necho "${END} $?"\n`);
    const lines: string[] = [];
    for (;;) {
      const line = await this.#shell.line();
      if (line.startsWith(END)) {
        if (line !== `${END} 0`) throw new Error(`${commands}\n${lines.join('\n')}`);
        return lines;
      }
      lines.push(line);
    }
  }
}

/** A command with lines for its standard input. */
export const withInput = (command: string, lines: readonly string[]): string =>
  `${command} <<'${END}'\n${lines.join('\n')}\n${END}`;

/** Sets sysctls of the shell's namespace by their path below /proc/sys; what a kernel lacks is left. */
export const sysctls = (values: Readonly<Record<string, number>>): string =>
  Object.entries(values)
    .map(([path, value]) => `[ ! -e /proc/sys/${path} ] || echo ${value} >/proc/sys/${path}`)
    .join('\n');
