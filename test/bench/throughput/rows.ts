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
  /** Whether it may be what the others are compared to. */
  readonly counts: boolean;
  /** Whether it has a garbage collector. */
  readonly collects: boolean;
  readonly command: Command;
}

/** How often a consumer looks that is not woken: as often as keeps it from being too late. */
const EVERY_MS = 1;

/**
 * Consumers that wait for records. Of those that only count one is the reference: which is the faster
 * depends on the cost of a wakeup on this machine.
 */
export function makeRows(programs: Programs, ringBytes: number): Row[] {
  const peer = fileURLToPath(new URL('../live-peer.js', import.meta.url));
  const numbers = [ringBytes, KEYS, MOST_SERIES].map(String);
  const c = (id: string, label: string, mode: 'count' | 'aggregate', everyMs: number): Row => ({
    id,
    label: `C: libbpf, ${label}`,
    aggregates: mode === 'aggregate',
    counts: mode === 'count',
    collects: false,
    command: [programs.consumer, probeObject, ...numbers, mode, String(everyMs)],
  });
  const typescript = (id: string, label: string, mode: 'ring' | 'aggregated'): Row => ({
    id,
    label: `TypeScript: ${label}`,
    aggregates: true,
    counts: false,
    collects: true,
    command: [process.execPath, peer, mode, String(ringBytes)],
  });
  return [
    c('c-count-woken', 'counting only, woken by the ring', 'count', 0),
    c('c-count', `counting only, polling every ${EVERY_MS} ms`, 'count', EVERY_MS),
    c('c-aggregate', `full-key aggregation, every ${EVERY_MS} ms`, 'aggregate', EVERY_MS),
    typescript('typescript-batch', 'batches (ships: `trace`)', 'ring'),
    typescript('typescript-aggregated', 'aggregated in the kernel (ships: `serve`)', 'aggregated'),
  ];
}
