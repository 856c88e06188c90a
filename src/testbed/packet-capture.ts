import { IpvscopeError } from '../error.js';
import { NamespaceProcess } from './namespace-process.js';
import type { Role } from './namespaces.js';
import { CAPTURE_FILTER, MARK, packetsLost } from './tcpdump-lines.js';

export interface PacketCaptureOptions {
  /** Whose interface it is (default: the director's). */
  readonly role?: Role;
  /** What is captured beside marks, which are datagrams (default: connection-opening packets). */
  readonly filter?: string;
}

/** tcpdump on one network interface of a namespace. */
export class PacketCapture {
  readonly lines: string[] = [];
  readonly #device: string;
  readonly #process: NamespaceProcess;
  readonly #waiters = new Set<() => void>();
  #marks = 0;
  #listening = false;

  /** Starts capturing; nothing is missed once `listening()` has resolved. */
  constructor(
    device: string,
    { role = 'director', filter = CAPTURE_FILTER }: PacketCaptureOptions = {},
  ) {
    this.#device = device;
    const options = ['-i', device, '-nn', '-S', '-tt', '-l', '--immediate-mode'];
    this.#process = new NamespaceProcess(role, ['tcpdump', ...options, filter]);
    this.#process.stderr.on('data', () => {
      this.#listening ||= this.#process.log.includes('listening on');
      this.#wake();
    });
    void this.#read();
  }

  listening(): Promise<void> {
    return this.#until(() => this.#listening);
  }

  /** Every packet up to the mark of that number, counted from 1, is in `lines`. */
  marked(count: number): Promise<void> {
    return this.#until(() => this.#marks >= count);
  }

  /** Ends the capture in good order and returns how many packets it lost. */
  async stop(): Promise<number> {
    await this.#process.kill('SIGINT');
    return packetsLost(this.#process.log);
  }

  /** Ends the capture at once. Idempotent. */
  async close(): Promise<void> {
    await this.#process.kill();
  }

  async #read(): Promise<void> {
    for (;;) {
      const line = await this.#process.nextLine();
      if (line === undefined) break;
      if (MARK.test(line)) this.#marks++;
      else this.lines.push(line);
      this.#wake();
    }
    this.#wake();
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }

  #until(reached: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        if (!reached() && !this.#process.hasExited) return;
        this.#waiters.delete(check);
        if (reached()) resolve();
        else reject(this.#error());
      };
      this.#waiters.add(check);
      check();
    });
  }

  #error(): IpvscopeError {
    const { log } = this.#process;
    return new IpvscopeError('ERR_SCENARIO_WITNESS', `tcpdump ended on ${this.#device}`, {
      step: 'capture',
      ...(log === '' ? {} : { log }),
    });
  }
}
