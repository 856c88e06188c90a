import type { RecordBatch } from '../../../src/record/record-batch.js';
import { batchOf } from '../../support/records.js';

export interface Size {
  readonly services: number;
  /** Of each service. */
  readonly servers: number;
}

/** Packets of one real server: a reused port, forwarded although the server has weight 0. */
export interface Reuse {
  readonly virtual: readonly [address: readonly number[], port: number];
  readonly destination: readonly [address: readonly number[], port: number];
  readonly count: number;
}

/** One a server: a series of the metric of servers each, and one of that of services for all. */
function makeReuses({ services, servers }: Size): Reuse[] {
  return Array.from({ length: services * servers }, (_, index) => {
    const service = Math.floor(index / servers);
    return {
      virtual: [[10, 96, service >> 8, service & 255], 80],
      destination: [[10, 244 + (index >> 16), (index >> 8) & 255, index & 255], 8080],
      // Of several digits, and most of them different.
      count: 1 + ((index * 7919) % 100_003),
    };
  });
}

export interface Workload {
  readonly reuses: readonly Reuse[];
  /** As the probe tells them. */
  readonly batch: RecordBatch;
}

export function makeWorkload(size: Size): Workload {
  const reuses = makeReuses(size);
  return { reuses, batch: batchOf(...reuses) };
}
