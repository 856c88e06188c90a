import {
  Cause,
  Flag,
  Kind,
  Offset,
  RECORD_SIZE,
  Verdict,
} from '../../../../src/record/layout.generated.js';
import { RecordBatch } from '../../../../src/record/record-batch.js';
import { recordBytes } from '../../../support/records.js';

const flags = Flag.opening | Flag.hasEntry | Flag.hasDestination | Flag.available;

/** What a packet does on this node, and the metrics that it adds to. */
const fates = [
  {
    bytes: recordBytes({ kind: Kind.reuse, flags }),
    metrics: ['ipvs_port_reuse_total', 'ipvs_opening_packets_total'],
  },
  {
    bytes: recordBytes({ kind: Kind.reuse, flags: flags | Flag.weightZero }),
    metrics: [
      'ipvs_port_reuse_total',
      'ipvs_new_connections_to_draining_total',
      'ipvs_opening_packets_total',
    ],
  },
  {
    bytes: recordBytes({
      kind: Kind.reuse,
      verdict: Verdict.dropped,
      flags,
      cause: Cause.conntrack,
    }),
    metrics: ['ipvs_port_reuse_total', 'ipvs_dropped_packets_total', 'ipvs_opening_packets_total'],
  },
  {
    bytes: recordBytes({ kind: Kind.draining, flags: flags & ~Flag.opening }),
    metrics: ['ipvs_draining_packets_total'],
  },
  {
    bytes: recordBytes({ kind: Kind.retransmit, flags }),
    metrics: ['ipvs_opening_retransmits_total', 'ipvs_opening_packets_total'],
  },
  {
    bytes: recordBytes({
      kind: Kind.retry,
      drops: 1,
      delayUs: 1_000_000,
      flags,
      cause: Cause.conntrack,
    }),
    metrics: ['ipvs_connect_delay_seconds_count'],
  },
];

export interface TrafficOptions {
  /** Servers that come each minute; as many go. */
  readonly newServers: number;
  /** Minutes that a server stays. */
  readonly minutes: number;
  /** Servers of one service. */
  readonly serversOfService: number;
}

/**
 * What the probe of a node tells, minute after minute, while its services and servers come and go and
 * no client comes twice.
 */
export class Traffic {
  /** Packets so far, by metric; of a histogram its `_count`. */
  readonly totals = new Map<string, number>();
  packets = 0;
  /** Different keys so far. */
  keys = 0;
  readonly #options: TrafficOptions;
  readonly #batch: RecordBatch;
  readonly #view: DataView;
  #clients = 0;

  constructor(options: TrafficOptions) {
    this.#options = options;
    const records = options.newServers * options.minutes;
    this.#batch = new RecordBatch(new Uint8Array(records * RECORD_SIZE));
    this.#batch.count = records;
    this.#view = new DataView(this.#batch.bytes.buffer);
  }

  /** A record of each server of this minute; the next call brings others in the same batch. */
  minute(minute: number): RecordBatch {
    const { newServers, minutes } = this.#options;
    this.keys += newServers;
    for (let index = 0; index < this.#batch.count; index++) {
      // Server numbers go up; those of the first minutes are the ones that go first.
      this.#write(index, minute * newServers + index, (minute % 7) + 1);
    }
    if (minute === 0) this.keys += newServers * (minutes - 1);
    return this.#batch;
  }

  #write(index: number, server: number, count: number): void {
    const at = index * RECORD_SIZE;
    const service = Math.floor(server / this.#options.serversOfService);
    const fate = fates[server % fates.length];
    if (fate === undefined) throw new RangeError(`no fate for server ${server}`);
    this.#batch.bytes.set(fate.bytes, at);
    const packets = fate.metrics[0] === 'ipvs_connect_delay_seconds_count' ? 1 : count;
    this.#view.setUint32(at + Offset.count, packets, true);
    this.#view.setUint32(at + Offset.clientAddress, this.#clients++);
    this.#view.setUint32(at + Offset.virtualAddress, 0x0a60_0000 + service);
    this.#view.setUint32(at + Offset.destinationAddress, 0x0af4_0000 + server);
    this.packets += packets;
    for (const metric of fate.metrics) {
      this.totals.set(metric, (this.totals.get(metric) ?? 0) + packets);
    }
  }
}
