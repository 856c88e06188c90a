import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { type ErrorCode, IpvscopeError } from '../error.js';
import { findProgram } from '../exec/find.js';
import { ConsoleTail } from './console-tail.js';
import { copyUntilMarker } from './copy-until-marker.js';
import type { LabSignal } from './lab-options.js';
import { portInUse } from './published-ports.js';
import { ChannelFd, type QemuPlan, qemuArgs } from './qemu-args.js';

/** A command for the guest, and its outputs on the host. */
export interface GuestCommand {
  /** The script that executes the command; see `guestCommand`. */
  readonly script: string;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly onStarted: () => void;
  /** Stops waiting for blocked outputs; `close` ends the guest itself. */
  readonly signal: AbortSignal;
}

/**
 * A QEMU process and the three channels to it: socket pairs that QEMU inherits, so nothing of them is
 * in the file system.
 *
 * Lifetime: the kernel kills QEMU when the thread that created this object ends, however it ends. The
 * creator calls `close`; pending calls then reject. The guest keeps no state that would need a
 * shutdown, so ending it always means SIGKILL.
 */
export class Guest {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #control: Socket;
  readonly #lines: AsyncIterator<string>;
  readonly #console = new ConsoleTail();

  constructor(plan: QemuPlan) {
    // Detached: Ctrl-C on the terminal goes to the command in the guest, not to QEMU.
    this.#child = spawn(
      findProgram('setpriv'),
      ['--pdeathsig', 'KILL', '--', findProgram('qemu-system-x86_64'), ...qemuArgs(plan)],
      { detached: true, stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe'] },
    );
    this.#exited = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.on('error', (error) => this.#console.push(`${error.message}\n`));
    for (const output of [this.#child.stdout, this.#child.stderr]) {
      output?.setEncoding('utf8').on('data', (chunk: string) => this.#console.push(chunk));
    }
    this.#control = this.#channel(ChannelFd.control);
    this.#lines = readLines(this.#control);
  }

  /** The last lines of the serial console, and of QEMU's own messages. */
  get console(): string {
    return this.#console.lines();
  }

  /**
   * Waits until the guest can run a command; returns its kernel release.
   *
   * @throws IpvscopeError `ERR_LAB_BOOT` or `ERR_LAB_PANIC` if the guest ended before.
   */
  async up(): Promise<string> {
    return await this.#expect('up');
  }

  /**
   * Runs the one command of this guest; returns its exit code after its outputs have been written.
   *
   * @throws IpvscopeError `ERR_LAB_PANIC` or `ERR_LAB_ENDED` if the guest ended before the command;
   * `ERR_LAB_OUTPUT` if writing to an output failed.
   */
  async run(command: GuestCommand): Promise<number> {
    const token = randomBytes(16).toString('hex');
    const marker = Buffer.from(`\0${token}`);
    const copy = (fd: number, target: NodeJS.WritableStream): Promise<void> =>
      copyUntilMarker(this.#channel(fd), target, marker, command.signal);
    const converse = async (): Promise<number> => {
      const script = Buffer.from(command.script).toString('base64');
      this.#control.write(`run ${token} ${script}\n`);
      await this.#expect('started');
      command.onStarted();
      return Number(await this.#expect('exit'));
    };
    const parts = [
      copy(ChannelFd.stdout, command.stdout),
      copy(ChannelFd.stderr, command.stderr),
      converse(),
    ] as const;
    // A failed part ends the guest, and with it the other parts.
    for (const part of parts) {
      part.catch(() => this.#kill());
    }
    const [stdout, stderr, exit] = await Promise.allSettled(parts);
    // A failed output is the cause, a failed conversation its consequence.
    for (const outcome of [stdout, stderr]) {
      if (outcome.status === 'rejected') {
        throw outcome.reason;
      }
    }
    if (exit.status === 'rejected') {
      throw exit.reason;
    }
    return exit.value;
  }

  /** Sends a signal to the command's process group. */
  signal(signal: LabSignal): void {
    this.#control.write(`signal ${signal.slice('SIG'.length)}\n`);
  }

  /** Kills the guest and waits for the end of QEMU. Idempotent. */
  async close(): Promise<void> {
    this.#kill();
    await this.#exited;
  }

  #kill(): void {
    this.#child.kill('SIGKILL');
  }

  async #expect(verb: string): Promise<string> {
    const { done, value } = await this.#lines.next();
    if (done) {
      await this.#exited;
      throw this.#ended(verb === 'up' ? 'ERR_LAB_BOOT' : 'ERR_LAB_ENDED');
    }
    const [word, argument = ''] = value.split(' ', 2);
    if (word !== verb) {
      throw new IpvscopeError(
        'ERR_LAB_PROTOCOL',
        `unexpected '${value}' from the guest in place of '${verb}'`,
        {
          step: 'guest',
          log: this.console,
        },
      );
    }
    return argument;
  }

  #ended(code: ErrorCode): IpvscopeError {
    if (this.#console.includes('Could not set up host forwarding rule')) {
      return portInUse('QEMU cannot publish a port');
    }
    const details = { step: 'guest', log: this.console };
    if (this.#console.includes('Kernel panic')) {
      return new IpvscopeError('ERR_LAB_PANIC', "the guest's kernel panicked", details);
    }
    const { exitCode, signalCode } = this.#child;
    const how = signalCode === null ? `exit code ${exitCode}` : signalCode;
    const when = code === 'ERR_LAB_BOOT' ? 'while the guest booted' : 'while the command ran';
    return new IpvscopeError(code, `QEMU ended ${when} (${how})`, details);
  }

  #channel(fd: number): Socket {
    const stream = this.#child.stdio[fd];
    if (!(stream instanceof Socket)) {
      throw new TypeError(`QEMU's file descriptor ${fd} is not a socket`);
    }
    return stream;
  }
}

/** Reads lines from a socket until it closes; the death of the guest is no error of the socket. */
function readLines(socket: Socket): AsyncIterator<string> {
  const bytes = new PassThrough();
  socket.on('error', () => {}).on('close', () => bytes.end());
  socket.pipe(bytes, { end: false });
  return createInterface({ input: bytes })[Symbol.asyncIterator]();
}
