import { Aggregator } from '../../../src/aggregate/aggregator.js';
import { Session } from '../../../src/native/session.js';
import { aggregatedTotals } from '../aggregated.js';
import { BenchError } from '../bench-error.js';
import { expectedTotals } from '../expected.js';
import { verify } from '../verify.js';
import { KEYS, MOST_SERIES } from '../workload.js';

/** The paths of a record: per event, or aggregated by key. */
export type PathName = 'ring' | 'aggregated';

/** Bytes of the ring's data area: room for what all producers make before it is read. */
export const RING_BYTES = 64 << 20;

/** Most records of one call of `Session.generate`. */
const GENERATE_MOST = 1024;

/** One way out of the probe, which nobody reads while records are made. */
export class Path {
  readonly name: PathName;
  /** The generator's number in the kernel. */
  readonly program: number;
  readonly #session: Session;
  readonly #aggregator = new Aggregator(MOST_SERIES);
  readonly #made: [first: number, records: number][] = [];

  /** Throws as `Session.open` does. */
  constructor(name: PathName) {
    this.name = name;
    this.#session = new Session({
      generator: true,
      ringBytes: RING_BYTES,
      ...(name === 'ring' ? {} : { detail: [] }),
    });
    this.#session.open();
    this.program = this.#session.programs()[0]?.id ?? 0;
  }

  /** Every key is there before what is timed: a table lives for a second, however many come. */
  prepare(): void {
    if (this.name === 'ring') return;
    for (let first = 0; first < KEYS; first += GENERATE_MOST) {
      this.#session.generate(first, GENERATE_MOST, KEYS);
    }
    this.#made.push([0, KEYS]);
  }

  /** Reads everything. Throws an IpvscopeError ERR_BENCH_TOTALS unless all that was made is there. */
  settle(records: readonly number[]): void {
    for (const made of records) this.#made.push([0, made]);
    this.#ingest(() => this.#session.drain());
    // Both maps: the idle one, then the one in use.
    this.#ingest(() => this.#session.readAggregates());
    this.#ingest(() => this.#session.readAggregates());
    const { detailDropped } = this.#session.counters();
    if (detailDropped !== 0) {
      throw new BenchError('ERR_BENCH_TOTALS', `the ring had no room for ${detailDropped} records`);
    }
    const made = this.#made.reduce((sum, [, count]) => sum + count, 0);
    const { packets } = this.#aggregator.snapshot();
    if (packets !== made) {
      throw new BenchError('ERR_BENCH_TOTALS', `'${this.name}' has packets ${packets} of ${made}`);
    }
  }

  /** Throws an IpvscopeError ERR_BENCH_TOTALS unless each key has its own. */
  verify(): void {
    const totals = aggregatedTotals(this.#aggregator);
    verify(this.name, true, totals, expectedTotals(this.#made, KEYS));
  }

  close(): void {
    this.#session.close();
  }

  #ingest(read: () => number): void {
    while (read() > 0) this.#aggregator.ingest(this.#session.batch);
  }
}
