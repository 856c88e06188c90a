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

export function makeRows(programs: Programs): Row[] {
  const peer = fileURLToPath(new URL('../live-peer.js', import.meta.url));
  const numbers = [RING_BYTES, KEYS, MOST_SERIES].map(String);
  const typescript = (mode: string): Command => [process.execPath, peer, mode, String(RING_BYTES)];
  return [
    {
      id: 'C',
      label: 'C: libbpf, woken as the ring says',
      aggregates: false,
      command: [programs.consumer, probeObject, ...numbers, 'count'],
    },
    {
      id: 'trace',
      label: 'TypeScript: batches (ships: `trace`)',
      aggregates: true,
      command: typescript('ring'),
    },
    {
      id: 'serve',
      label: 'TypeScript: added up in the kernel (ships: `serve`)',
      aggregates: true,
      command: typescript('added-up'),
    },
  ];
}
