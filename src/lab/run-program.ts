import { execFile } from 'node:child_process';
import { IpvscopeError } from '../error.js';

export interface ProgramCall {
  /** What the call is for: the `step` of its error. */
  readonly step: string;
  readonly cwd?: string;
  readonly signal?: AbortSignal;
}

const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;

/**
 * Runs a program to its end and gives its standard output.
 *
 * @throws IpvscopeError `ERR_LAB_PROGRAM_FAILED` with what it wrote to standard error as `log`.
 */
export function runProgram(
  file: string,
  args: readonly string[],
  call: ProgramCall,
): Promise<Buffer> {
  const { step, ...rest } = call;
  const env = { ...process.env, LC_ALL: 'C.UTF-8' };
  return new Promise((resolve, reject) => {
    execFile(
      file,
      args,
      { ...rest, env, encoding: 'buffer', maxBuffer: MAX_OUTPUT_BYTES },
      (error, stdout, stderr) => {
        if (error === null) {
          resolve(stdout);
          return;
        }
        const log = stderr.toString().trim();
        reject(
          new IpvscopeError('ERR_LAB_PROGRAM_FAILED', `${file} ${args[0] ?? ''} failed`.trimEnd(), {
            step,
            cause: error,
            ...(log === '' ? {} : { log }),
          }),
        );
      },
    );
  });
}
