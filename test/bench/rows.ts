import { fileURLToPath } from 'node:url';
import { probeObject } from './compile.js';
import type { Command } from './peer.js';
import { KEYS, MOST_SERIES, RING_BYTES } from './workload.js';

/** One row of the table: a consumer in a process of its own. */
export interface Row {
  readonly id: string;
  readonly label: string;
  /** Whether it tells keys apart: its totals then have keys and a checksum. */
  readonly aggregates: boolean;
  /** Whether it has a garbage collector. */
  readonly collects: boolean;
  readonly command: Command;
}

export interface Rows {
  /** What the others are compared to. */
  readonly reference: Row;
  readonly others: readonly Row[];
}

/** `consumer` is the compiled C consumer's path. */
export function makeRows(consumer: string): Rows {
  const peer = fileURLToPath(new URL('typescript-peer.js', import.meta.url));
  const c = (mode: string): Command => {
    const numbers = [RING_BYTES, KEYS, MOST_SERIES].map(String);
    return [consumer, probeObject, ...numbers, mode];
  };
  const typescript = (consumer: string): Command => [process.execPath, peer, consumer];
  return {
    reference: {
      id: 'c-aggregate',
      label: 'C: `ring_buffer__consume`, full-key aggregation (the reference)',
      aggregates: true,
      collects: false,
      command: c('aggregate'),
    },
    others: [
      {
        id: 'c-count',
        label: 'C: `ring_buffer__consume`, counting only',
        aggregates: false,
        collects: false,
        command: c('count'),
      },
      {
        id: 'typescript-batch',
        label: 'TypeScript: batches, full-key aggregation (what ships)',
        aggregates: true,
        collects: true,
        command: typescript('batch'),
      },
      {
        id: 'typescript-event',
        label: 'TypeScript: an event object per record, `Map` by string',
        aggregates: true,
        collects: true,
        command: typescript('event'),
      },
    ],
  };
}
