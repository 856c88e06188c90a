import { fileURLToPath } from 'node:url';
import { type Programs, probeObject } from '../compile.js';
import type { Command } from '../peer.js';
import { KEYS, MOST_SERIES, RING_BYTES } from '../workload.js';

/** One row of the table: a consumer in a process of its own. */
export interface Row {
  readonly id: string;
  readonly label: string;
  /** Whether it tells keys apart: its totals then have keys and a checksum. */
  readonly aggregates: boolean;
  /** Whether it has a garbage collector. */
  readonly collects: boolean;
  /** It takes part in every round of that many: slow rows have fewer. */
  readonly every: number;
  readonly command: Command;
}

/** All rows of the table. */
export interface Rows {
  /** What the others are compared to. */
  readonly reference: Row;
  readonly others: readonly Row[];
}

/** The consumers, in the order of the table. */
export function makeRows(programs: Programs): Rows {
  const peer = fileURLToPath(new URL('typescript-peer.js', import.meta.url));
  const numbers = [RING_BYTES, KEYS, MOST_SERIES].map(String);
  const c = (mode: string): Command => [programs.consumer, probeObject, ...numbers, mode, '0'];
  const typescript = (id: string, label: string, every: number, ...args: string[]): Row => ({
    id: `typescript-${id}`,
    label,
    aggregates: true,
    collects: true,
    every,
    command: [process.execPath, '--expose-gc', peer, id, ...args],
  });
  return {
    reference: {
      id: 'c-aggregate',
      label: 'C: `ring_buffer__consume`, full-key aggregation (the reference)',
      aggregates: true,
      collects: false,
      every: 1,
      command: c('aggregate'),
    },
    others: [
      {
        id: 'c-count',
        label: 'C: `ring_buffer__consume`, counting only',
        aggregates: false,
        collects: false,
        every: 1,
        command: c('count'),
      },
      typescript('batch', 'TypeScript: batches, full-key aggregation (ships: `trace`)', 1),
      typescript('aggregated', 'TypeScript: aggregated in the kernel (ships: `serve`)', 1),
      typescript('prom-client', 'TypeScript: batches, prom-client `inc()` a record', 8),
      typescript('event', 'TypeScript: batches, an event object a record, `Map` by string', 8),
      typescript(
        'callback',
        'addon: a callback and an object a record, `Map` by string',
        8,
        programs.callback,
      ),
    ],
  };
}
