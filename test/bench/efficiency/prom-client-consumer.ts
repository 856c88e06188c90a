import { Counter } from 'prom-client';
import { decodeEvent } from '../../../src/record/decode.js';
import type { IpvsEvent } from '../../../src/record/event.js';
import { Offset, RECORD_SIZE } from '../../../src/record/layout.generated.js';
import { checksum, type Totals } from '../totals.js';
import { SessionConsumer } from './session-consumer.js';

const labelNames = [
  'netns',
  'fwmark',
  'kind',
  'verdict',
  'opening',
  'proto',
  'virtual',
  'destination',
  'draining',
  'available',
  'conn_state',
  'conntrack',
  'forwarding',
  'expired',
] as const;

const labelsOf = (event: IpvsEvent): Record<(typeof labelNames)[number], string> => ({
  netns: String(event.netns),
  fwmark: String(event.fwmark),
  kind: event.kind,
  verdict: event.verdict,
  opening: String(event.opening),
  proto: event.proto,
  virtual: event.virtual ?? '',
  destination: event.destination ?? '',
  draining: String(event.weight === 0),
  available: String(event.available),
  conn_state: String(event.conn_state),
  conntrack: event.conntrack ?? '',
  forwarding: String(event.forwarding),
  expired: String(event.expired),
});

const noTime = (): string => '';

/**
 * prom-client called for every record, as well as that can be done: records come in batches, only the
 * first of a key is decoded, and the counter's child is kept by the key's bytes.
 */
export class PromClientConsumer extends SessionConsumer {
  readonly #counter = new Counter({ name: 'packets', help: 'By key.', labelNames, registers: [] });
  readonly #children = new Map<string, Counter.Internal>();
  readonly #buffer: Buffer;

  constructor() {
    super();
    const { buffer, byteOffset, byteLength } = this.session.batch.bytes;
    this.#buffer = Buffer.from(buffer, byteOffset, byteLength);
  }

  override consume(): number {
    let consumed = 0;
    for (let records = this.session.drain(); records > 0; records = this.session.drain()) {
      for (let index = 0; index < records; index++) {
        this.#child(index).inc(this.batch.words[(index * RECORD_SIZE + Offset.count) / 4]);
      }
      consumed += records;
    }
    return consumed;
  }

  override async totals(): Promise<Totals> {
    const { values } = await this.#counter.get();
    const rows = values.map(({ labels, value }) => ({
      netns: Number(labels.netns),
      fwmark: Number(labels.fwmark),
      virtual: String(labels.virtual),
      destination: String(labels.destination),
      packets: value,
    }));
    const packets = rows.reduce((sum, row) => sum + row.packets, 0);
    return { packets, overflow: 0, keys: rows.length, checksum: checksum(rows) };
  }

  #child(index: number): Counter.Internal {
    const start = index * RECORD_SIZE;
    const key = this.#buffer.toString('latin1', start + Offset.netns, start + RECORD_SIZE);
    let child = this.#children.get(key);
    if (child === undefined) {
      child = this.#counter.labels(labelsOf(decodeEvent(this.batch, index, noTime)));
      this.#children.set(key, child);
    }
    return child;
  }
}
