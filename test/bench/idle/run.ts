import { setTimeout } from 'node:timers/promises';
import { BenchError } from '../bench-error.js';
import { monotonicUs } from '../clock.js';
import { pinned, type TwoCpus } from '../cpus.js';
import { expectedTotals } from '../expected.js';
import { wakeups } from '../processes.js';
import { Producer } from '../producer.js';
import { verify } from '../verify.js';
import { Watcher } from '../watcher.js';
import { KEYS } from '../workload.js';
import type { Row } from './rows.js';

/** How long to wait, and for what. */
export interface Plan {
  readonly cpus: TwoCpus;
  /** Idle time before the measurement, in milliseconds: V8 frees what starting allocated. */
  readonly settleMs: number;
  /** How long nothing happens, in milliseconds. */
  readonly idleMs: number;
  /** Windows in which records come, for each row. */
  readonly rounds: number;
  /** Records of such a window. */
  readonly records: number;
  /** From one record to the next. */
  readonly intervalNs: number;
  /** The compiled producer's path. */
  readonly producer: string;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

/** What a consumer did in a window. */
export interface Window {
  readonly wallNs: number;
  /** CPU time of the whole process. */
  readonly cpuNs: number;
  /** Of all its threads. */
  readonly wakeups: number;
}

/** All windows of a row. */
export interface Windows {
  readonly row: Row;
  /** Nothing happened in it. */
  readonly idle: Window;
  /** Records of single packets arrived. */
  readonly busy: Window[];
}

interface Runner {
  readonly row: Row;
  readonly watcher: Watcher;
  readonly busy: Window[];
}

/**
 * Throws an IpvscopeError: ERR_BENCH_PEER when a peer cannot go on, ERR_BENCH_TOTALS when one did not
 * get every record, or counted it wrongly.
 */
export async function run(rows: readonly Row[], plan: Plan): Promise<Windows[]> {
  const { cpus, signal } = plan;
  const producer = await Producer.start(plan.producer, cpus.producer, KEYS, signal);
  const runners: Runner[] = [];
  try {
    for (const row of rows) {
      const command = pinned(cpus.consumer, row.command);
      runners.push({ row, watcher: await Watcher.start(row.label, command, signal), busy: [] });
    }
    const idle = await beIdle(runners, plan);
    for (let round = 0; round < plan.rounds; round++) {
      plan.onProgress(`idle: ${1e9 / plan.intervalNs} records a second, round ${round + 1}`);
      const turn = round % runners.length;
      for (const runner of [...runners.slice(turn), ...runners.slice(0, turn)]) {
        runner.busy.push(await beBusy(runner, producer, round * plan.records, plan));
      }
    }
    const expected = expectedTotals([[0, plan.rounds * plan.records]], KEYS);
    for (const { row, watcher } of runners) {
      verify(row.label, row.aggregates, await watcher.totals(), expected);
    }
    return runners.map(({ row, busy }, index) => {
      return { row, busy, idle: idle[index] ?? { wallNs: 0, cpuNs: 0, wakeups: 0 } };
    });
  } finally {
    await Promise.all([producer.stop(), ...runners.map(({ watcher }) => watcher.stop())]);
  }
}

/** All rows at once: they do nothing that could disturb another. */
async function beIdle(runners: readonly Runner[], plan: Plan): Promise<Window[]> {
  plan.onProgress(`idle: nothing happens for ${(plan.settleMs + plan.idleMs) / 1000} s`);
  const count = (): number[] => runners.map(({ watcher }) => wakeups(watcher.pid ?? 0));
  await setTimeout(plan.settleMs, undefined, { signal: plan.signal });
  for (const { watcher } of runners) await watcher.watch();
  const startUs = monotonicUs();
  const before = count();
  await setTimeout(plan.idleMs, undefined, { signal: plan.signal });
  const after = count();
  const wallNs = (monotonicUs() - startUs) * 1000;
  const windows: Window[] = [];
  for (const [index, { watcher }] of runners.entries()) {
    const { cpuNs } = await watcher.finish();
    windows.push({ wallNs, cpuNs, wakeups: (after[index] ?? 0) - (before[index] ?? 0) });
  }
  return windows;
}

async function beBusy(
  { row, watcher }: Runner,
  producer: Producer,
  first: number,
  { records, intervalNs }: Plan,
): Promise<Window> {
  await watcher.watch();
  const before = wakeups(watcher.pid ?? 0);
  const { wallNs } = await producer.pace(watcher.program, first, records, intervalNs);
  const after = wakeups(watcher.pid ?? 0);
  const { packets, detailDropped, cpuNs } = await watcher.finish();
  if (packets !== records || detailDropped !== 0) {
    const what = `${packets} of ${records} records, ${detailDropped} not per event`;
    throw new BenchError('ERR_BENCH_TOTALS', `'${row.label}' got ${what}`);
  }
  return { wallNs, cpuNs, wakeups: after - before };
}
