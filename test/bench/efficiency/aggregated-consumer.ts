import { Aggregator } from '../../../src/aggregate/aggregator.js';
import { aggregatedTotals } from '../aggregated.js';
import type { Totals } from '../totals.js';
import { KEYS, MOST_SERIES } from '../workload.js';
import { SessionConsumer } from './session-consumer.js';

/**
 * The path that ships where no kind is delivered per event: the probe aggregates by key,
 * and both of its tables are read, the one in use last.
 */
export class AggregatedConsumer extends SessionConsumer {
  readonly #aggregator = new Aggregator(MOST_SERIES);

  constructor() {
    super({ detail: [] });
  }

  override consume(): number {
    let consumed = 0;
    for (let table = 0; table < 2; table++) {
      for (
        let records = this.session.readAggregates();
        records > 0;
        records = this.session.readAggregates()
      ) {
        this.#aggregator.ingest(this.batch);
        consumed += records;
      }
    }
    return consumed;
  }

  /** One for each key. */
  override expect(records: number): number {
    return Math.min(records, KEYS);
  }

  override totals(): Totals {
    return aggregatedTotals(this.#aggregator);
  }
}
