import { BenchError } from '../bench-error.js';
import { pinned, type TwoCpus } from '../cpus.js';
import { expectedTotals } from '../expected.js';
import { runDelay } from '../processes.js';
import { Producer } from '../producer.js';
import { verify } from '../verify.js';
import { Watcher } from '../watcher.js';
import { KEYS } from '../workload.js';
import type { Flow } from './results.js';
import type { Row } from './rows.js';

/** How much to send, from where to where. */
export interface Plan {
  readonly cpus: TwoCpus;
  readonly rounds: number;
  /** Rounds before those, not measured. */
  readonly warmups: number;
  /** Records that a row is sent in a round. */
  readonly records: number;
  /** The compiled producer's path. */
  readonly producer: string;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

interface Runner {
  readonly row: Row;
  readonly watcher: Watcher;
  readonly flows: Flow[];
}

/**
 * What flowed to each row, round by round. Throws an IpvscopeError: ERR_BENCH_PEER when a peer cannot
 * go on, ERR_BENCH_TOTALS when one did not get every record, or counted it wrongly.
 */
export async function run(rows: readonly Row[], plan: Plan): Promise<Map<Row, readonly Flow[]>> {
  const { cpus, signal } = plan;
  const producer = await Producer.start(plan.producer, cpus.producer, KEYS, signal);
  const runners: Runner[] = [];
  try {
    for (const row of rows) {
      const command = pinned(cpus.consumer, row.command);
      runners.push({ row, watcher: await Watcher.start(row.label, command, signal), flows: [] });
    }
    for (let number = 0; number < plan.warmups + plan.rounds; number++) {
      const measured = number - plan.warmups;
      plan.onProgress(`throughput: round ${Math.max(measured + 1, 0)} of ${plan.rounds}`);
      const turn = number % runners.length;
      for (const runner of [...runners.slice(turn), ...runners.slice(0, turn)]) {
        const flow = await send(runner, producer, number * plan.records, plan.records);
        if (measured >= 0) runner.flows.push(flow);
      }
    }
    const expected = expectedTotals([[0, (plan.warmups + plan.rounds) * plan.records]], KEYS);
    for (const { row, watcher } of runners) {
      verify(row.label, row.aggregates, await watcher.totals(), expected);
    }
    return new Map(runners.map(({ row, flows }) => [row, flows]));
  } finally {
    await Promise.all([producer.stop(), ...runners.map(({ watcher }) => watcher.stop())]);
  }
}

async function send(
  { row, watcher }: Runner,
  producer: Producer,
  first: number,
  records: number,
): Promise<Flow> {
  const pids = [producer.pid ?? 0, watcher.pid ?? 0];
  const delays = (): number[] => pids.map(runDelay);
  await watcher.watch();
  const before = delays();
  const made = await producer.feed(watcher.program, first, records);
  const taken = await watcher.finish();
  const after = delays();
  if (taken.packets !== records || taken.detailDropped !== 0) {
    const what = `${taken.packets} of ${records} records, ${taken.detailDropped} not per event`;
    throw new BenchError('ERR_BENCH_TOTALS', `'${row.label}' got ${what}`);
  }
  return {
    records,
    // Aggregates arrive when they are read: the producer's time is the whole time.
    wallNs: Math.max(made.wallNs, (taken.lastUs - made.startUs) * 1000),
    producerNs: made.cpuNs,
    consumerNs: taken.cpuNs,
    collections: taken.collections,
    delayNs: Math.max(...after.map((delay, index) => delay - (before[index] ?? 0))),
  };
}
