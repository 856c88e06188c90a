import { decodeEvent } from '../../../src/record/decode.js';
import type { IpvsEvent } from '../../../src/record/event.js';
import { checksum, type Totals } from '../totals.js';
import { SessionConsumer } from './session-consumer.js';

interface Count {
  readonly event: IpvsEvent;
  packets: number;
}

/** Nobody who counts looks at the time: what it would cost to format is left out. */
const noTime = (): string => '';

const keyOf = (event: IpvsEvent): string =>
  `${event.netns} ${event.fwmark} ${event.kind} ${event.verdict} ${event.opening} ${event.proto} ` +
  `${event.virtual} ${event.destination} ${event.weight === 0} ${event.available} ` +
  `${event.conn_state} ${event.conntrack} ${event.forwarding} ${event.expired}`;

/**
 * The path that programs are wont to have: an object for every record, handed to a callback that
 * counts it in a Map. The records still leave the addon in batches, so this is the cost of the style
 * alone, not of a call out of C++ for every record.
 */
export class EventConsumer extends SessionConsumer {
  readonly #counts = new Map<string, Count>();
  #packets = 0;

  override consume(): number {
    let consumed = 0;
    for (let records = this.session.drain(); records > 0; records = this.session.drain()) {
      for (let index = 0; index < records; index++) {
        this.#onEvent(decodeEvent(this.batch, index, noTime));
      }
      consumed += records;
    }
    return consumed;
  }

  override totals(): Totals {
    const rows = [...this.#counts.values()].map(({ event, packets }) => ({
      netns: event.netns,
      fwmark: event.fwmark,
      virtual: event.virtual ?? '',
      destination: event.destination ?? '',
      packets,
    }));
    return { packets: this.#packets, overflow: 0, keys: rows.length, checksum: checksum(rows) };
  }

  readonly #onEvent = (event: IpvsEvent): void => {
    this.#packets += event.count;
    const key = keyOf(event);
    const known = this.#counts.get(key);
    if (known === undefined) {
      this.#counts.set(key, { event, packets: event.count });
    } else {
      known.packets += event.count;
    }
  };
}
