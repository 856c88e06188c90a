import type { Programs } from './compile.js';

/** What a run of the benchmark gives to each of its sections. */
export interface Context {
  /** Few rounds: shows that it works, not how fast. */
  readonly quick: boolean;
  /** Measured rounds of the section that has the most; undefined: the default. */
  readonly rounds: number | undefined;
  readonly programs: Programs;
  /** Peers are ended when it aborts. */
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

/** What a section found out. */
export interface Findings {
  /** A table in Markdown and, below it, what it takes to read it. */
  readonly text: string;
  /** Figures that answer a goal, by its name (`G1`). */
  readonly goals: Readonly<Record<string, number>>;
  /** Figures that answer none. */
  readonly others: Readonly<Record<string, number>>;
}

/** Of a section that cannot be measured on this machine. */
export const leftOut = (why: string): Findings => ({
  text: `Left out: ${why}.\n`,
  goals: {},
  others: {},
});

/** One part of the benchmark. */
export interface Section {
  /** As `--only` takes it. */
  readonly name: string;
  /** One line. */
  readonly title: string;
  /** Throws an IpvscopeError: ERR_BENCH_PEER, ERR_BENCH_TOTALS and others of `ERR_BENCH_`. */
  run(context: Context): Promise<Findings>;
}
