import { Aggregator } from '../../src/aggregate/aggregator.js';
import type { Endpoint } from '../../src/aggregate/snapshot.js';
import type { Session } from '../../src/native/session.js';
import { formatEndpoint } from '../../src/wire/address.js';
import { RecordBatch } from '../../src/wire/batch.js';
import type { Consumer } from './consumer.js';
import type { Totals } from './protocol.js';
import { checksum } from './totals.js';
import { MOST_SERIES } from './workload.js';

const format = (endpoint: Endpoint | undefined): string =>
  endpoint === undefined ? '' : formatEndpoint(endpoint.address, endpoint.port);

/** The path that ships: batches into the aggregator. */
export class BatchConsumer implements Consumer {
  readonly #session: Session;
  readonly #batch: RecordBatch;
  readonly #aggregator = new Aggregator(MOST_SERIES);

  constructor(session: Session) {
    this.#session = session;
    this.#batch = new RecordBatch(session.bytes);
  }

  consume(): number {
    let consumed = 0;
    for (let records = this.#session.drain(); records > 0; records = this.#session.drain()) {
      this.#batch.count = records;
      this.#aggregator.ingest(this.#batch);
      consumed += records;
    }
    return consumed;
  }

  totals(): Totals {
    const { rows, packets, overflow } = this.#aggregator.snapshot();
    return {
      packets,
      overflow,
      keys: rows.length,
      checksum: checksum(
        rows.map((row) => ({
          netns: row.netns,
          fwmark: row.fwmark,
          virtual: format(row.virtual),
          destination: format(row.destination),
          packets: row.packets,
        })),
      ),
    };
  }
}
