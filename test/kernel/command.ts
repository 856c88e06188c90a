import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

// What these tests read of standard error is the message alone; the lab has set its own format.
process.env.IPVSCOPE_LOG_FORMAT = 'plain';

/** A program that has to succeed; returns what it printed. */
export function run(...command: readonly string[]): string {
  const [program = '', ...args] = command;
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  assert.equal(status, 0, `${command.join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
}

/** Resolves once the file exists, or the process is gone. */
async function appears(path: string, process: ChildProcess): Promise<void> {
  const controller = new AbortController();
  const watcher = watch(dirname(path), { signal: controller.signal });
  const changed = new Promise<void>((resolve) => {
    watcher.on('change', () => existsSync(path) && resolve());
    watcher.on('error', () => resolve());
  });
  if (!existsSync(path)) await Promise.race([changed, once(process, 'close')]);
  controller.abort();
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** An ipvscope command as a user runs it. */
export class Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], wrapper: readonly string[] = []) {
    const [program = '', ...rest] = [...wrapper, process.execPath, main, ...args];
    this.process = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.process.stdout?.on('data', (chunk: Buffer) => {
      this.stdout += chunk.toString();
    });
    this.process.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    this.ended = once(this.process, 'close').then(([code]) => ({
      code: code as number | null,
      stdout: this.stdout,
      stderr: this.stderr,
    }));
  }

  /** Starts a command that attaches; returns once it says that it has. */
  static async attached(args: readonly string[]): Promise<Running> {
    const directory = mkdtempSync(join(tmpdir(), 'ipvscope-ready-'));
    const file = join(directory, 'ready');
    const running = new Running([...args, '--ready-file', file]);
    await appears(file, running.process);
    const ready = existsSync(file);
    rmSync(directory, { recursive: true });
    assert.ok(ready, `never ready: ${running.stderr}`);
    return running;
  }

  /** Resolves once standard error has it; fails where the command ends without. */
  async says(pattern: RegExp): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (pattern.test(this.stderr)) resolve();
      };
      this.process.stderr?.on('data', look);
      this.process.once('close', () => reject(new Error(`never said ${pattern}: ${this.stderr}`)));
      look();
    });
  }

  /** Sends the signal and waits for the end. */
  async end(signal: NodeJS.Signals = 'SIGINT'): Promise<Ended> {
    this.process.kill(signal);
    return this.ended;
  }
}
