import { spawn } from 'node:child_process';
import { IpvscopeError } from '../error.js';
import { programDirectories } from './find.js';

export interface ProgramCall {
  /** Which part of the work this is, for the error. */
  readonly step: string;
  /** Becomes its standard input. */
  readonly input?: string;
  readonly cwd?: string;
  /** Kills it. */
  readonly signal?: AbortSignal;
}

/** The environment of every program called here: found as root would, messages in English. */
export function programEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: programDirectories().join(':'), LC_ALL: 'C.UTF-8' };
}

/**
 * Runs a program to its end and gives its standard output, byte by byte. It has a session of its
 * own: Ctrl-C on the terminal must not end it half-way, least of all while it cleans up.
 *
 * @throws IpvscopeError `ERR_PROGRAM_FAILED` with the first line that it wrote to standard error, all
 * of it as `log`, and the signal's reason as `cause` when that ended it.
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
    // A program that ends before it has read everything says why in its exit code.
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

/** The same, its output as text. */
export async function programText(
  file: string,
  args: readonly string[],
  call: ProgramCall,
): Promise<string> {
  return (await runProgram(file, args, call)).toString();
}
