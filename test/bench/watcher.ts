import { parseNumbers } from './numbers.js';
import { type Command, Peer } from './peer.js';
import { parseTotals, TOTALS, type Totals } from './totals.js';

/** Asks a consumer to wait for records from now on. */
export const WATCH = 'watch';

/** Tells it that no more come: it takes the rest, and answers with all since WATCH. */
export const FINISH = 'finish';

/** What a consumer took between WATCH and FINISH. */
export interface Watched {
  /** Packets that its records stand for. */
  readonly packets: number;
  /** Packets that the ring had no room for. */
  readonly detailDropped: number;
  /** When the last record came, on CLOCK_MONOTONIC in microseconds; 0 where none came. */
  readonly lastUs: number;
  /** CPU time of the whole process. */
  readonly cpuNs: number;
  readonly collections: number;
}

/** The process of a consumer that waits for records somebody else makes. */
export class Watcher {
  /** The generator's number in the kernel, by which a producer finds it. */
  readonly program: number;
  readonly #peer: Peer;

  private constructor(peer: Peer, program: number) {
    this.#peer = peer;
    this.program = program;
  }

  /** Throws as Peer does, here and below. */
  static async start(name: string, command: Command, signal: AbortSignal): Promise<Watcher> {
    const { peer, ready } = await Peer.start(name, command, signal, (line) =>
      parseNumbers(line, ['program']),
    );
    return new Watcher(peer, ready.program);
  }

  get pid(): number | undefined {
    return this.#peer.pid;
  }

  async watch(): Promise<void> {
    await this.#peer.ask(WATCH);
  }

  async finish(): Promise<Watched> {
    const line = await this.#peer.ask(FINISH);
    return parseNumbers(line, ['packets', 'detailDropped', 'lastUs', 'cpuNs', 'collections']);
  }

  async totals(): Promise<Totals> {
    return parseTotals(await this.#peer.ask(TOTALS));
  }

  stop(): Promise<void> {
    return this.#peer.stop();
  }
}
