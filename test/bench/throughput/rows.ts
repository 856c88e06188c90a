import { fileURLToPath } from 'node:url';
import { type Programs, probeObject } from '../compile.js';
import type { Command } from '../peer.js';
import { KEYS, MOST_SERIES } from '../workload.js';

/** One row of the table: a consumer in a process of its own. */
export interface Row {
  readonly id: string;
  readonly label: string;
  /** Whether it tells keys apart. */
  readonly aggregates: boolean;
  /** Whether it has a garbage collector. */
  readonly collects: boolean;
  readonly command: Command;
}

/** Consumers that wait for records; the reference, which only counts, first. */
export function makeRows(programs: Programs, ringBytes: number): Row[] {
  const peer = fileURLToPath(new URL('../live-peer.js', import.meta.url));
  const numbers = [ringBytes, KEYS, MOST_SERIES].map(String);
  const c = (mode: string): Command => [programs.consumer, probeObject, ...numbers, mode];
  const typescript = (mode: string): Command => [process.execPath, peer, mode, String(ringBytes)];
  return [
    {
      id: 'c-count',
      label: 'C: libbpf, counting only (the reference)',
      aggregates: false,
      collects: false,
      command: c('count'),
    },
    {
      id: 'c-aggregate',
      label: 'C: libbpf, full-key aggregation',
      aggregates: true,
      collects: false,
      command: c('aggregate'),
    },
    {
      id: 'typescript-batch',
      label: 'TypeScript: batches (ships: `trace`)',
      aggregates: true,
      collects: true,
      command: typescript('ring'),
    },
    {
      id: 'typescript-added-up',
      label: 'TypeScript: added up in the kernel (ships: `serve`)',
      aggregates: true,
      collects: true,
      command: typescript('added-up'),
    },
  ];
}
