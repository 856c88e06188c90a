import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { BenchError } from '../bench-error.js';
import type { SubjectName } from './subject.js';
import type { Size } from './workload.js';

export type Request = 'ingest' | 'scrape' | 'text' | 'memory';

/** What the request asked for; `scrape`: CPU time, and the longest that nothing else could run, `memory`: bytes in use now, and before the first packet. */
export interface Answer {
  readonly cpuMs?: number;
  readonly longestMs?: number;
  readonly text?: string;
  readonly usedBytes?: number;
  readonly idleBytes?: number;
}

const program = fileURLToPath(new URL('./peer-main.js', import.meta.url));

/**
 * The process of one subject, so that it pays for its own garbage and for no one else's. It works
 * only while a request waits for its answer.
 */
export class Peer {
  readonly #name: SubjectName;
  readonly #process: ChildProcess;

  private constructor(name: SubjectName, size: Size) {
    this.#name = name;
    this.#process = fork(program, [name, `${size.services}`, `${size.servers}`]);
  }

  static async start(name: SubjectName, size: Size): Promise<Peer> {
    const peer = new Peer(name, size);
    await peer.#answer();
    return peer;
  }

  /** Throws an IpvscopeError ERR_BENCH_PEER where the process ends instead. */
  ask(request: Request): Promise<Answer> {
    const answer = this.#answer();
    this.#process.send(request);
    return answer;
  }

  stop(): void {
    this.#process.kill();
  }

  #answer(): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const onMessage = (answer: Answer) => {
        this.#process.off('exit', onExit);
        resolve(answer);
      };
      const onExit = (code: number | null) => {
        this.#process.off('message', onMessage);
        reject(new BenchError('ERR_BENCH_PEER', `the process of ${this.#name} ended (${code})`));
      };
      this.#process.once('message', onMessage);
      this.#process.once('exit', onExit);
    });
  }
}
