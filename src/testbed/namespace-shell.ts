import { IpvscopeError } from '../error.js';
import { NamespaceProcess } from './namespace-process.js';
import { type Role, roles } from './namespaces.js';

export interface NamespaceCall {
  /** Which part of the work this is, for the error. */
  readonly step: string;
  /** Becomes the program's standard input. */
  readonly input?: string;
}

interface Pending {
  readonly what: string;
  readonly step: string;
  readonly resolve: (output: string) => void;
  readonly reject: (error: unknown) => void;
}

const INPUT_END = 'IPVSCOPE_INPUT_END';
/** Output and exit code of one command. */
const ANSWER = /^([^\0]*)\0(\d+)\0/;

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/**
 * A shell that stays in a network namespace. To start a program from it costs a fraction of entering
 * the namespace anew; what the shell does itself costs nothing. Commands run one after another.
 */
export class NamespaceShell {
  readonly #process: NamespaceProcess;
  readonly #pending: Pending[] = [];
  #output = '';

  constructor(role: Role) {
    this.#process = new NamespaceProcess(role, ['sh']);
    void this.#process.exited.then(() => this.#rejectPending());
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.on('data', (text: string) => this.#onOutput(text));
    }
  }

  /**
   * Runs a program and returns its output, standard error included.
   *
   * @throws IpvscopeError `ERR_PROGRAM_FAILED`, with the first line of the output.
   */
  exec(command: readonly string[], { step, input = '' }: NamespaceCall): Promise<string> {
    const text = `${command.map(quoted).join(' ')} ${heredoc(input)}`;
    return this.#run(text, { step, what: command.join(' ') });
  }

  /**
   * Runs a script up to its first command that fails, and returns its output.
   *
   * @throws IpvscopeError `ERR_PROGRAM_FAILED`, with the first line of the output.
   */
  script(text: string, step: string): Promise<string> {
    return this.#run(`(set -e\n${text}\n) 2>&1\n`, { step, what: text });
  }

  async close(): Promise<void> {
    await this.#process.kill();
  }

  #run(text: string, { step, what }: Pick<Pending, 'step' | 'what'>): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ what, step, resolve, reject });
      if (this.#process.hasExited) this.#rejectPending();
      else this.#process.write(`${text}printf '\\0%s\\0' $?\n`);
    });
  }

  #onOutput(text: string): void {
    this.#output += text;
    for (let match = ANSWER.exec(this.#output); match !== null; match = ANSWER.exec(this.#output)) {
      const [all, log = '', code] = match;
      this.#output = this.#output.slice(all.length);
      const call = this.#pending.shift();
      if (code === '0') call?.resolve(log);
      else call?.reject(failed(call, log.trim() || `exit code ${code}`));
    }
  }

  #rejectPending(): void {
    for (const call of this.#pending.splice(0)) {
      call.reject(failed(call, this.#output.trim() || 'the namespace shell ended'));
    }
  }
}

/** The shells of a testbed's namespaces, each started at its first use. */
export class NamespaceShells {
  readonly #shells = new Map<Role, NamespaceShell>();

  of(role: Role): NamespaceShell {
    const shell = this.#shells.get(role) ?? new NamespaceShell(role);
    this.#shells.set(role, shell);
    return shell;
  }

  /** See `NamespaceShell.exec`. */
  execInNamespace(role: Role, command: readonly string[], call: NamespaceCall): Promise<string> {
    return this.of(role).exec(command, call);
  }

  /** Replaces an nft table by one with this body, in one transaction; `false`: removes the table. */
  async setNftTable(role: Role, body: string | false, name = 'ipvscope'): Promise<void> {
    const table = body === false ? '' : `table inet ${name} {\n${body}\n}\n`;
    await this.execInNamespace(role, ['nft', '-f', '-'], {
      step: 'nft',
      input: `add table inet ${name}\ndelete table inet ${name}\n${table}`,
    });
  }

  /** Sets sysctls of one namespace, named by their paths below /proc/sys. */
  async setSysctls(role: Role, values: Readonly<Record<string, number>>): Promise<void> {
    if (Object.keys(values).length === 0) return;
    await this.of(role).script(sysctlScript(values), 'sysctl');
  }

  /** Before the namespaces are removed. Idempotent. */
  async close(): Promise<void> {
    const all = roles.flatMap((role) => this.#shells.get(role) ?? []);
    this.#shells.clear();
    await Promise.all(all.map((shell) => shell.close()));
  }
}

/** For a script: standard input of a command. Ends with a line break. */
export const heredoc = (text: string): string =>
  `<<'${INPUT_END}' 2>&1\n${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${INPUT_END}\n`;

/** For a script: /proc/sys/net shows the namespace of the process that opens it. */
export const sysctlScript = (values: Readonly<Record<string, number>>): string =>
  Object.entries(values)
    .map(([path, value]) => `echo ${value} >/proc/sys/${path}`)
    .join('\n');

function failed({ what, step }: Pending, log: string): IpvscopeError {
  const message = `${what.split('\n')[0]}: ${log.split('\n')[0]}`;
  return new IpvscopeError('ERR_PROGRAM_FAILED', message, { step, log });
}
