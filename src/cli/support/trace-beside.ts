import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { IpvscopeError } from '../../error.js';
import type { TraceBeside } from '../../scenario/recorder.js';

/**
 * Starts `ipvscope trace -o json` as a process of its own; resolves once it is attached.
 *
 * @throws IpvscopeError `ERR_PROGRAM_FAILED`, with what it said, where it ends before.
 */
export async function traceBeside(args: readonly string[]): Promise<TraceBeside> {
  const command = [
    process.argv[1] ?? 'ipvscope',
    'trace',
    '-o',
    'json',
    '--log.level',
    'info',
    '--log.format',
    'plain',
    ...args,
  ];
  // A session of its own: Ctrl-C on the terminal ends it by `end()`, or with its output's reader.
  const child = spawn(process.execPath, command, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = once(child, 'close');
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  await new Promise<void>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      if (/^ipvscope \S+ attached on /m.test(stderr)) resolve();
    });
    closed.then(() => {
      const message = `trace ${args.join(' ')}: ${stderr.trim().split('\n').at(-1)}`;
      reject(new IpvscopeError('ERR_PROGRAM_FAILED', message, { step: 'trace', log: stderr }));
    }, reject);
  });
  return {
    async end() {
      child.kill('SIGINT');
      const [code] = (await closed) as [number | null];
      return { lines: stdout.split('\n').filter(Boolean), code };
    },
  };
}
