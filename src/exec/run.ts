import { spawn } from 'node:child_process';
import { IpvscopeError } from '../error.js';
import { programDirectories } from './find.js';

export interface ProgramCall {
  /** The step of the work, for the error. */
  readonly step: string;
  /** The program's standard input (default: empty). */
  readonly input?: string;
  readonly cwd?: string;
  /** Kills the program. */
  readonly signal?: AbortSignal;
}

/** Returns the environment of every program: root's PATH, messages in English. */
export function programEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: programDirectories().join(':'), LC_ALL: 'C.UTF-8' };
}

/**
 * Runs a program to its end and returns its standard output. The program has a session of its own:
 * Ctrl-C on the terminal must not interrupt it, least of all while it cleans up.
 *
 * @throws IpvscopeError `ERR_PROGRAM_FAILED` with the first line of the program's standard error, all
 * of it as `log`, and the reason of `signal` as `cause` if that ended the program.
 */
export async function runProgram(
  file: string,
  args: readonly string[],
  { step, input = '', ...options }: ProgramCall,
): Promise<Buffer> {
  return await new Promise((resolve, reject) => {
    const child = spawn(file, args, { ...options, detached: true, env: programEnvironment() });
    const stdout: Buffer[] = [];
    let stderr = '';
    let spawnError: unknown;
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    // Writing to a program that has ended fails; its exit code gives the reason.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    child.on('error', (error) => {
      spawnError = error;
    });
    child.on('close', (code, signal) => {
      if (code === 0 && spawnError === undefined) {
        resolve(Buffer.concat(stdout));
        return;
      }
      const log = stderr.trim();
      const ended = signal === null ? `exit code ${code}` : `ended by ${signal}`;
      const why = spawnError instanceof Error ? spawnError.message : ended;
      reject(
        new IpvscopeError(
          'ERR_PROGRAM_FAILED',
          `${[file, ...args].join(' ')}: ${log.split('\n')[0] || why}`,
          {
            step,
            ...(log === '' ? {} : { log }),
            ...(spawnError === undefined ? {} : { cause: spawnError }),
          },
        ),
      );
    });
  });
}

/**
 * Runs a program and returns its standard output as text.
 *
 * @throws IpvscopeError as `runProgram` does.
 */
export async function programText(
  file: string,
  args: readonly string[],
  call: ProgramCall,
): Promise<string> {
  return (await runProgram(file, args, call)).toString();
}
