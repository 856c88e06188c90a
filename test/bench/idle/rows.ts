import { fileURLToPath } from 'node:url';
import { type Programs, probeObject } from '../compile.js';
import type { Command } from '../peer.js';
import { KEYS, MOST_SERIES, RING_BYTES } from '../workload.js';

/** One row of the table: a consumer in a process of its own. */
export interface Row {
  readonly id: string;
  readonly label: string;
  readonly aggregates: boolean;
  readonly command: Command;
}

/** The consumers, in the order of the table. */
export function makeRows(programs: Programs): Row[] {
  const peer = fileURLToPath(new URL('../live-peer.js', import.meta.url));
  const numbers = [RING_BYTES, KEYS, MOST_SERIES].map(String);
  const typescript = (mode: string): Command => [process.execPath, peer, mode, String(RING_BYTES)];
  const c = (everyMs: number): Command => {
    return [programs.consumer, probeObject, ...numbers, 'count', String(everyMs)];
  };
  return [
    {
      id: 'C woken',
      label: 'C: libbpf, woken by the ring',
      aggregates: false,
      command: c(0),
    },
    {
      id: 'C 10 ms',
      label: 'C: libbpf, polling every 10 ms',
      aggregates: false,
      command: c(10),
    },
    {
      id: 'trace',
      label: 'TypeScript: batches (ships: `trace`)',
      aggregates: true,
      command: typescript('ring'),
    },
    {
      id: 'serve',
      label: 'TypeScript: aggregated in the kernel (ships: `serve`)',
      aggregates: true,
      command: typescript('aggregated'),
    },
  ];
}
