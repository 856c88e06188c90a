/**
 * What ships, in a process of its own, waiting for records that a producer makes: `live-peer.js
 * ring|aggregated RING_BYTES`, driven by watcher.ts.
 */
import { PerformanceObserver } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { Aggregator } from '../../src/aggregate/aggregator.js';
import { IpvscopeError } from '../../src/error.js';
import { aggregatedTotals } from './aggregated.js';
import { BenchError } from './bench-error.js';
import { monotonicUs } from './clock.js';
import { openGenerator } from './generator-source.js';
import { TOTALS } from './totals.js';
import { FINISH, WATCH, type Watched } from './watcher.js';
import { MOST_SERIES } from './workload.js';

/** `performance.now()` of CLOCK_MONOTONIC 0, in milliseconds: both are the same clock. */
const origin = performance.now() - monotonicUs() / 1000;
const nowUs = (): number => Math.round((performance.now() - origin) * 1000);

/** Counts this process's garbage collections. */
function countCollections(): () => Promise<number> {
  let collections = 0;
  const observer = new PerformanceObserver((list) => {
    collections += list.getEntries().length;
  });
  observer.observe({ entryTypes: ['gc'] });
  return async () => {
    // Node queues an entry in an immediate of its own, which runs before those made here.
    await setImmediate();
    collections += observer.takeRecords().length;
    return collections;
  };
}

/** What WATCH found: to be taken from what FINISH finds. */
interface Before {
  readonly packets: number;
  readonly detailDropped: number;
  readonly cpu: NodeJS.CpuUsage;
  readonly collections: number;
}

function open(mode: string | undefined, ringBytes: number) {
  const { source, program } = openGenerator({
    ringBytes,
    ...(mode === 'aggregated' ? { detail: [] } : {}),
  });
  const collections = countCollections();
  const aggregator = new Aggregator(MOST_SERIES);
  /** As of the last FINISH: a snapshot makes much garbage, so that none is taken at WATCH. */
  let packets = 0;
  let lastUs = 0;
  source.start((batch) => {
    aggregator.ingest(batch);
    lastUs = nowUs();
  });
  return {
    program,
    async watch(): Promise<Before> {
      lastUs = 0;
      const { detailDropped } = source.state();
      return { packets, detailDropped, collections: await collections(), cpu: process.cpuUsage() };
    },
    async finish(before: Before): Promise<Watched> {
      const byItselfUs = lastUs;
      source.flush();
      // The aggregation map in use is read after the grace period, when no program adds to it.
      while (source.hasAggregates) {
        await setTimeout(1);
        source.flush();
      }
      const { user, system } = process.cpuUsage(before.cpu);
      const collected = await collections();
      ({ packets } = aggregator.snapshot());
      return {
        packets: packets - before.packets,
        detailDropped: source.state().detailDropped - before.detailDropped,
        // Aggregates are complete before they are read.
        lastUs: mode === 'aggregated' ? byItselfUs : lastUs,
        cpuNs: (user + system) * 1000,
        collections: collected - before.collections,
      };
    },
    totals: () => aggregatedTotals(aggregator),
    stop: () => source.stop(),
  };
}

async function serve(live: ReturnType<typeof open>): Promise<void> {
  const say = (answer: unknown) => process.stdout.write(`${JSON.stringify(answer)}\n`);
  let before = await live.watch();
  say({ program: live.program });
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === WATCH) {
      before = await live.watch();
      say({});
    } else if (line === FINISH) {
      say(await live.finish(before));
    } else if (line === TOTALS) {
      say(live.totals());
    } else {
      throw new BenchError('ERR_BENCH_REQUEST', `cannot make sense of: ${line}`);
    }
  }
}

try {
  const live = open(process.argv[2], Number(process.argv[3]));
  await serve(live);
  live.stop();
} catch (error) {
  if (!(error instanceof IpvscopeError)) throw error;
  process.stderr.write(`${error.toLine()}\n`);
  process.exitCode = error.exitCode;
}
