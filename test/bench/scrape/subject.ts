import { Aggregator } from '../../../src/aggregate/aggregator.js';
import { createRegistry, type Metrics } from '../../../src/metrics/registry.js';
import { noSource } from '../../../src/source/event-source.js';
import { someBuild } from '../../support/build-info.js';
import { HOST_NETNS } from '../../support/records.js';
import { PlainMetrics } from './plain-metrics.js';
import type { Workload } from './workload.js';

/**
 * What is measured: something that counts the workload, and writes the text of a scrape. It holds on to
 * the whole workload, so that no part of it is freed while memory is measured.
 */
export interface Subject {
  /** Every server's packets once more. */
  ingest(): void;
  /** The bytes that would be sent. */
  scrape(): Promise<Uint8Array>;
}

class Ours implements Subject {
  readonly #aggregator: Aggregator;
  readonly #workload: Workload;
  readonly #registry: Metrics;

  constructor(workload: Workload) {
    this.#workload = workload;
    this.#aggregator = new Aggregator(workload.reuses.length);
    const state = () => noSource;
    this.#registry = createRegistry(
      { aggregator: this.#aggregator, state, hostNetns: HOST_NETNS },
      someBuild,
    );
  }

  ingest(): void {
    this.#aggregator.ingest(this.#workload.batch);
  }

  scrape(): Promise<Uint8Array> {
    return this.#registry.metrics();
  }
}

class Plain implements Subject {
  readonly #metrics: PlainMetrics;

  constructor({ reuses }: Workload) {
    this.#metrics = new PlainMetrics(reuses);
  }

  ingest(): void {
    this.#metrics.ingest();
  }

  async scrape(): Promise<Uint8Array> {
    return Buffer.from(await this.#metrics.metrics());
  }
}

/** By the name that a peer is started with. */
export const subjects = { ours: Ours, plain: Plain } as const satisfies Readonly<
  Record<string, new (workload: Workload) => Subject>
>;

export type SubjectName = keyof typeof subjects;
