import { parseNumbers } from './numbers.js';
import { type Command, Peer } from './peer.js';

/** What records took to be made. */
export interface Production {
  readonly records: number;
  /** On CLOCK_MONOTONIC, in microseconds. */
  readonly startUs: number;
  readonly wallNs: number;
  /** CPU time of the producer, the record's making and its way out included. */
  readonly cpuNs: number;
}

const parseProduction = (line: string): Production =>
  parseNumbers(line, ['records', 'startUs', 'wallNs', 'cpuNs']);

/** native/producer.c: makes records on a CPU of its own, with the program that a consumer loaded. */
export class Producer {
  readonly #peer: Peer;

  private constructor(peer: Peer) {
    this.#peer = peer;
  }

  /** `file` is the compiled program's path. Throws as Peer does, here and below. */
  static async start(
    file: string,
    cpu: number,
    keys: number,
    signal: AbortSignal,
  ): Promise<Producer> {
    const command: Command = [file, String(cpu), String(keys)];
    const { peer } = await Peer.start(`producer on CPU ${cpu}`, command, signal, JSON.parse);
    return new Producer(peer);
  }

  get pid(): number | undefined {
    return this.#peer.pid;
  }

  /** As fast as it goes, but never more than the ring has room for. */
  async feed(program: number, first: number, records: number): Promise<Production> {
    return parseProduction(await this.#peer.ask(`feed ${program} ${first} ${records}`));
  }

  /** One record every `intervalNs`. */
  async pace(
    program: number,
    first: number,
    records: number,
    intervalNs: number,
  ): Promise<Production> {
    const request = `pace ${program} ${first} ${records} ${intervalNs}`;
    return parseProduction(await this.#peer.ask(request));
  }

  /**
   * As fast as it goes for `durationUs`, from `startUs` on CLOCK_MONOTONIC, records numbered from 0;
   * at most `most`.
   */
  async until(
    program: number,
    startUs: number,
    durationUs: number,
    most: number,
  ): Promise<Production> {
    const request = `until ${program} ${startUs} ${durationUs} ${most}`;
    return parseProduction(await this.#peer.ask(request));
  }

  stop(): Promise<void> {
    return this.#peer.stop();
  }
}
