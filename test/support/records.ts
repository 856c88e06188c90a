import {
  Cause,
  Conntrack,
  DelayBoundMs,
  Flag,
  Forwarding,
  Kind,
  Offset,
  RECORD_SIZE,
  Verdict,
} from '../../src/record/layout.generated.js';
import { RecordBatch } from '../../src/record/record-batch.js';

export interface RecordFields {
  readonly timeNs?: bigint;
  readonly count?: number;
  readonly expiresInMs?: number;
  readonly delayUs?: number;
  /** That of `delayUs` unless told. */
  readonly delayPlace?: number;
  readonly drops?: number;
  readonly weight?: number;
  readonly cpu?: number;
  readonly client?: readonly [readonly number[], number];
  readonly newDestination?: readonly [readonly number[], number];
  readonly virtual?: readonly [readonly number[], number];
  readonly destination?: readonly [readonly number[], number];
  readonly netns?: number;
  readonly fwmark?: number;
  readonly kind?: number;
  readonly verdict?: number;
  readonly connState?: number;
  readonly protocol?: number;
  readonly family?: number;
  readonly forwarding?: number;
  readonly conntrack?: number;
  readonly conntrackState?: number;
  readonly flags?: number;
  readonly cause?: number;
  readonly scheduler?: number;
  readonly dropReason?: number;
  /** How many, with weight, overloaded. */
  readonly servers?: readonly [number, number, number];
  /** In the table; the packet's unless told. */
  readonly servicePort?: number;
}

/** That of a record whose namespace nobody chose. */
export const HOST_NETNS = 4026531840;

const TIME_WAIT = 5;

export const ordinaryFlags =
  Flag.opening |
  Flag.hasEntry |
  Flag.hasDestination |
  Flag.serverKnown |
  Flag.available |
  Flag.weightZero |
  Flag.hasVirtual;

const ordinary: Required<Omit<RecordFields, 'servicePort' | 'delayPlace'>> = {
  timeNs: 1_000_000_000n,
  count: 1,
  expiresInMs: 104_000,
  delayUs: 0,
  drops: 0,
  weight: 0,
  cpu: 1,
  client: [[10, 0, 1, 2], 40001],
  newDestination: [[], 0],
  virtual: [[10, 96, 0, 10], 80],
  destination: [[10, 0, 2, 11], 8080],
  netns: HOST_NETNS,
  fwmark: 0,
  kind: Kind.reuse,
  verdict: Verdict.forwarded,
  connState: TIME_WAIT,
  protocol: 6,
  family: 2,
  forwarding: Forwarding.masquerade,
  conntrack: Conntrack.confirmed,
  conntrackState: 0,
  flags: ordinaryFlags,
  cause: Cause.none,
  scheduler: 0,
  dropReason: 0,
  servers: [0, 0, 0],
};

/** One record as the probe writes it, from the layout's offsets and nothing of the decoder. */
export function recordBytes(fields: RecordFields = {}): Uint8Array {
  const all = { ...ordinary, ...fields };
  const bytes = new Uint8Array(RECORD_SIZE);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(Offset.timeNs, all.timeNs, true);
  view.setUint32(Offset.count, all.count, true);
  view.setUint32(Offset.expiresInMs, all.expiresInMs, true);
  view.setUint32(Offset.delayUs, all.delayUs, true);
  view.setUint32(Offset.drops, all.drops, true);
  view.setInt32(Offset.weight, all.weight, true);
  view.setUint16(Offset.cpu, all.cpu, true);
  view.setUint32(Offset.netns, all.netns, true);
  view.setUint32(Offset.fwmark, all.fwmark, true);
  view.setUint8(Offset.kind, all.kind);
  view.setUint8(Offset.verdict, all.verdict);
  view.setUint8(Offset.connState, all.connState);
  view.setUint8(Offset.protocol, all.protocol);
  view.setUint8(Offset.family, all.family);
  view.setUint8(Offset.destinationFamily, all.family);
  view.setUint8(Offset.newDestinationFamily, all.family);
  view.setUint8(Offset.forwarding, all.forwarding);
  view.setUint8(Offset.conntrack, all.conntrack);
  view.setUint8(Offset.conntrackState, all.conntrackState);
  const place = Object.values(DelayBoundMs).filter((bound) => all.delayUs > bound * 1000).length;
  view.setUint8(Offset.delayBucket, fields.delayPlace ?? place);
  view.setUint16(Offset.flags, all.flags, true);
  view.setUint8(Offset.cause, all.cause);
  view.setUint8(Offset.scheduler, all.scheduler);
  view.setUint16(Offset.dropReason, all.dropReason, true);
  view.setUint16(Offset.servers, all.servers[0], true);
  view.setUint16(Offset.serversWithWeight, all.servers[1], true);
  view.setUint16(Offset.serversOverloaded, all.servers[2], true);
  view.setUint16(Offset.servicePort, fields.servicePort ?? all.virtual[1], false);
  const endpoints = [
    [all.client, Offset.clientAddress, Offset.clientPort],
    [all.newDestination, Offset.newDestinationAddress, Offset.newDestinationPort],
    [all.virtual, Offset.virtualAddress, Offset.virtualPort],
    [all.destination, Offset.destinationAddress, Offset.destinationPort],
  ] as const;
  for (const [[address, port], addressOffset, portOffset] of endpoints) {
    bytes.set(address, addressOffset);
    view.setUint16(portOffset, port, false);
  }
  return bytes;
}

/** Records side by side. */
export function batchOf(...records: readonly RecordFields[]): RecordBatch {
  const bytes = new Uint8Array(Math.max(records.length, 1) * RECORD_SIZE);
  records.forEach((fields, index) => {
    bytes.set(recordBytes(fields), index * RECORD_SIZE);
  });
  const batch = new RecordBatch(bytes, () => ['', '', 'NETFILTER_DROP']);
  batch.count = records.length;
  return batch;
}
