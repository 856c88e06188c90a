import { spawn } from 'node:child_process';
import { IpvscopeError } from '../error.js';
import { programDirectories } from './programs.js';

export interface ProgramCall {
  /** What the call is for: the `step` of its error. */
  readonly step: string;
  /** Becomes its standard input. */
  readonly input?: string;
}

/** The environment of everything that a stage starts. */
export function programEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: programDirectories().join(':'), LC_ALL: 'C.UTF-8' };
}

/**
 * Runs a program to its end and gives its standard output. It has a session of its own: Ctrl-C on
 * the terminal must not end it half-way, least of all while it cleans up.
 *
 * @throws IpvscopeError `ERR_SCENARIO_PROGRAM_FAILED` with what it wrote to standard error.
 */
export function runProgram(
  file: string,
  args: readonly string[],
  { step, input = '' }: ProgramCall,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { detached: true, env: programEnvironment() });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    // A program that ends before it has read everything says why in its exit code.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const failed = (why: string, cause?: unknown): void => {
      const log = stderr.trim();
      const first = log.split('\n')[0] ?? '';
      reject(
        new IpvscopeError(
          'ERR_SCENARIO_PROGRAM_FAILED',
          `${[file, ...args].join(' ')}: ${first === '' ? why : first}`,
          { step, ...(log === '' ? {} : { log }), ...(cause === undefined ? {} : { cause }) },
        ),
      );
    };
    child.on('error', (cause) => failed(cause.message, cause));
    child.on('close', (code, signal) => {
      if (code === 0) resolve(stdout);
      else failed(signal === null ? `exit code ${code}` : `ended by ${signal}`);
    });
  });
}
