import { RECORD_SIZE } from '../../../src/record/layout.generated.js';
import { monotonicUs } from '../clock.js';
import { allowedCpus } from '../cpus.js';
import { Producer } from '../producer.js';
import { KEYS, RECORD_HEADER_BYTES } from '../workload.js';
import { Path, RING_BYTES } from './path.js';
import type { Burst } from './results.js';

/** Producers at once. */
export const COUNTS = [1, 2, 4] as const;

/** How long they make records, and how long before that they are told to, in microseconds. */
export const BURST_US = 8_000;
const AHEAD_US = 2_000;

/** How long to measure. */
export interface Plan {
  readonly rounds: number;
  /** Rounds before those, not measured. */
  readonly warmups: number;
  /** The compiled producer's path. */
  readonly producer: string;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

/** Bursts of so many producers through one path, by round. */
export interface Series {
  readonly path: Path;
  readonly count: (typeof COUNTS)[number];
  readonly bursts: Burst[];
}

/**
 * What every number of producers made through both ways out, in turn. Throws an IpvscopeError:
 * ERR_BENCH_PEER when a producer cannot go on, ERR_BENCH_TOTALS when a record is missing.
 */
export async function run(plan: Plan): Promise<Series[]> {
  const cpus = allowedCpus();
  const paths: Path[] = [];
  const producers: Producer[] = [];
  try {
    for (const name of ['ring', 'aggregated'] as const) paths.push(new Path(name));
    for (let index = 0; index < Math.max(...COUNTS); index++) {
      const cpu = cpus[index % cpus.length] ?? 0;
      producers.push(await Producer.start(plan.producer, cpu, KEYS, plan.signal));
    }
    const series = paths.flatMap((path) =>
      COUNTS.map((count): Series => ({ path, count, bursts: [] })),
    );
    for (let number = 0; number < plan.warmups + plan.rounds; number++) {
      const measured = number - plan.warmups;
      plan.onProgress(`producers: round ${Math.max(measured + 1, 0)} of ${plan.rounds}`);
      const turn = number % series.length;
      for (const { path, count, bursts } of [...series.slice(turn), ...series.slice(0, turn)]) {
        const productions = await burst(path, producers.slice(0, count));
        if (measured >= 0) bursts.push({ productions, cpus: Math.min(count, cpus.length) });
      }
    }
    for (const path of paths) path.verify();
    return series;
  } finally {
    for (const path of paths) path.close();
    await Promise.all(producers.map((producer) => producer.stop()));
  }
}

async function burst(path: Path, producers: readonly Producer[]) {
  // A ring of each CPU's own may have half of the bytes, or fewer.
  const sharers = Math.max(2, producers.length);
  const most = Math.floor(RING_BYTES / sharers / (RECORD_SIZE + RECORD_HEADER_BYTES));
  path.prepare();
  const startUs = monotonicUs() + AHEAD_US;
  const productions = await Promise.all(
    producers.map((producer) => producer.until(path.program, startUs, BURST_US, most)),
  );
  path.settle(productions.map(({ records }) => records));
  return productions;
}
