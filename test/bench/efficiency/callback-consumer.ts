import { createRequire } from 'node:module';
import { probeObject } from '../compile.js';
import { checksum, type Totals } from '../totals.js';
import { KEYS, RING_BYTES } from '../workload.js';
import type { Consumer } from './consumer.js';

/** What native/callback.c makes of a record. */
interface CallbackRecord {
  readonly count: number;
  readonly weight: number;
  readonly netns: number;
  readonly fwmark: number;
  readonly kind: number;
  readonly verdict: number;
  readonly connState: number;
  readonly protocol: number;
  readonly forwarding: number;
  readonly conntrack: number;
  readonly flags: number;
  /** `10.0.0.1:80`, and so the next two. */
  readonly client: string;
  readonly virtual: string;
  readonly destination: string;
}

/** What native/callback.c exports. */
interface CallbackAddon {
  open(object: string, ringBytes: number): void;
  generate(first: number, records: number, keys: number): void;
  consume(onRecord: (record: CallbackRecord) => void): number;
}

interface Count {
  readonly record: CallbackRecord;
  packets: number;
}

const keyOf = (record: CallbackRecord): string =>
  `${record.netns} ${record.fwmark} ${record.kind} ${record.verdict} ${record.connState} ` +
  `${record.protocol} ${record.forwarding} ${record.conntrack} ${record.flags} ` +
  `${record.virtual} ${record.destination}`;

/** The addon that most programs would have: a call out of C for every record, with an object. */
export class CallbackConsumer implements Consumer {
  readonly #addon: CallbackAddon;
  readonly #counts = new Map<string, Count>();
  #packets = 0;

  /** `addon` is the compiled addon's path. */
  constructor(addon: string) {
    this.#addon = createRequire(import.meta.url)(addon) as CallbackAddon;
    this.#addon.open(probeObject, RING_BYTES);
  }

  fill(first: number, records: number): void {
    this.#addon.generate(first, records, KEYS);
  }

  consume(): number {
    return this.#addon.consume(this.#onRecord);
  }

  expect(records: number): number {
    return records;
  }

  totals(): Totals {
    const rows = [...this.#counts.values()].map(({ record, packets }) => ({ ...record, packets }));
    return { packets: this.#packets, overflow: 0, keys: rows.length, checksum: checksum(rows) };
  }

  /** The addon releases everything when the process ends. */
  close(): void {}

  readonly #onRecord = (record: CallbackRecord): void => {
    this.#packets += record.count;
    const key = keyOf(record);
    const known = this.#counts.get(key);
    if (known === undefined) {
      this.#counts.set(key, { record, packets: record.count });
    } else {
      known.packets += record.count;
    }
  };
}
