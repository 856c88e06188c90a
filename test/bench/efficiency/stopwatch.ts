import { type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import type { Cost } from './protocol.js';

/** Start and end on the clock of `performance.now()`, in milliseconds. */
type Section = readonly [start: number, end: number];

/** Adds up what sections of code cost, and the garbage collections that began in one of them. */
export class Stopwatch {
  readonly #observer: PerformanceObserver;
  #collections: PerformanceEntry[] = [];
  #sections: Section[] = [];
  #cpuUs = 0;
  #fillUs = 0;

  constructor() {
    this.#observer = new PerformanceObserver((list) =>
      this.#collections.push(...list.getEntries()),
    );
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  /** Adds up the filling apart. */
  fill(section: () => void): void {
    const before = process.cpuUsage();
    section();
    const used = process.cpuUsage(before);
    this.#fillUs += used.user + used.system;
  }

  measure<Result>(section: () => Result): Result {
    const start = performance.now();
    const before = process.cpuUsage();
    const result = section();
    const used = process.cpuUsage(before);
    this.#sections.push([start, performance.now()]);
    this.#cpuUs += used.user + used.system;
    return result;
  }

  /** The sections since the last call. */
  async take(): Promise<Cost> {
    // Node queues an entry in an immediate of its own, which runs before those made here.
    await setImmediate();
    const collections = [...this.#collections, ...this.#observer.takeRecords()];
    const wallMs = this.#sections.reduce((sum, [start, end]) => sum + (end - start), 0);
    const cost = {
      fillNs: this.#fillUs * 1000,
      cpuNs: this.#cpuUs * 1000,
      wallNs: Math.round(wallMs * 1e6),
      collections: collections.filter(({ startTime }) => this.#covers(startTime)).length,
    };
    this.#collections = [];
    this.#sections = [];
    this.#cpuUs = 0;
    this.#fillUs = 0;
    return cost;
  }

  #covers(time: number): boolean {
    return this.#sections.some(([start, end]) => start <= time && time <= end);
  }
}
