import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { IpvscopeError } from '../error.js';
import { programEnvironment } from '../exec/run.js';
import { namespaceName, type Role } from './namespaces.js';

interface Call {
  readonly step: string;
  /** Becomes the program's standard input. */
  readonly input?: string;
}

interface Waiting {
  readonly what: string;
  readonly step: string;
  readonly resolve: (output: string) => void;
  readonly reject: (error: unknown) => void;
}

const END = 'IPVSCOPE_INPUT_END';
const ANSWER = /^([^\0]*)\0(\d+)\0/;

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** A shell that stays in a namespace: to start a program from it costs a fraction of entering anew. */
class Shell {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #exited: Promise<unknown>;
  readonly #waiting: Waiting[] = [];
  #output = '';
  #ended = false;

  constructor(role: Role) {
    this.#child = spawn('ip', ['netns', 'exec', namespaceName(role), 'sh'], {
      detached: true,
      env: programEnvironment(),
    });
    this.#exited = new Promise((resolve) => {
      this.#child.once('close', resolve).once('error', resolve);
    });
    void this.#exited.then(() => this.#end());
    this.#child.stdin.on('error', () => {});
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => this.#hear(text));
    }
  }

  run(command: readonly string[], { step, input = '' }: Call): Promise<string> {
    const what = command.join(' ');
    return new Promise((resolve, reject) => {
      this.#waiting.push({ what, step, resolve, reject });
      if (this.#ended) this.#end();
      else {
        this.#child.stdin.write(
          `${command.map(quoted).join(' ')} <<'${END}' 2>&1\n${input}${END}\nprintf '\\0%s\\0' $?\n`,
        );
      }
    });
  }

  async close(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  #hear(text: string): void {
    this.#output += text;
    for (let match = ANSWER.exec(this.#output); match !== null; match = ANSWER.exec(this.#output)) {
      const [all, log = '', code] = match;
      this.#output = this.#output.slice(all.length);
      const waiting = this.#waiting.shift();
      if (code === '0') waiting?.resolve(log);
      else waiting?.reject(failed(waiting, log.trim() || `exit code ${code}`));
    }
  }

  #end(): void {
    this.#ended = true;
    for (const waiting of this.#waiting.splice(0)) {
      waiting.reject(failed(waiting, this.#output.trim() || 'its shell ended'));
    }
  }
}

function failed({ what, step }: Waiting, log: string): IpvscopeError {
  const message = `${what}: ${log.split('\n')[0]}`;
  return new IpvscopeError('ERR_PROGRAM_FAILED', message, { step, log });
}

const shells = new Map<Role, Shell>();

/**
 * Runs a program inside a namespace of the testbed; of one namespace, one after another. Returns what
 * it wrote.
 *
 * @throws IpvscopeError `ERR_PROGRAM_FAILED`, with the first line that the program wrote.
 */
export async function execInNamespace(
  role: Role,
  command: readonly string[],
  call: Call,
): Promise<string> {
  const shell = shells.get(role) ?? new Shell(role);
  shells.set(role, shell);
  return await shell.run(command, call);
}

/** Before the namespaces are removed. */
export async function closeShells(): Promise<void> {
  const all = [...shells.values()];
  shells.clear();
  await Promise.all(all.map((shell) => shell.close()));
}
