import { Aggregator } from '../../../src/aggregate/aggregator.js';
import { aggregatedTotals } from '../aggregated.js';
import type { Totals } from '../totals.js';
import { MOST_SERIES } from '../workload.js';
import { SessionConsumer } from './session-consumer.js';

/** The shipped path of per-event records: batches into the aggregator. */
export class BatchConsumer extends SessionConsumer {
  readonly #aggregator = new Aggregator(MOST_SERIES);

  override consume(): number {
    let consumed = 0;
    for (let records = this.session.drain(); records > 0; records = this.session.drain()) {
      this.#aggregator.ingest(this.batch);
      consumed += records;
    }
    return consumed;
  }

  override totals(): Totals {
    return aggregatedTotals(this.#aggregator);
  }
}
