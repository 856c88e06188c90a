/**
 * What a Prometheus that scrapes these texts would add up: increases of each series, from 0 where a
 * series is new.
 */
export class Increases {
  /** By metric; of a histogram only its `_count`. */
  readonly totals = new Map<string, number>();
  #before = new Map<string, number>();

  /** Series of the last scrape. */
  get series(): number {
    return this.#before.size;
  }

  /** Throws a RangeError where a series fell. */
  scrape(text: string): void {
    const now = new Map<string, number>();
    for (const line of text.split('\n')) {
      const brace = line.indexOf('{');
      if (!line.startsWith('ipvs_') || brace < 0) continue;
      const metric = line.slice(0, brace);
      if (metric.endsWith('_bucket') || metric.endsWith('_sum')) continue;
      const space = line.lastIndexOf(' ');
      const series = line.slice(0, space);
      const value = Number(line.slice(space + 1));
      const increase = value - (this.#before.get(series) ?? 0);
      if (increase < 0) throw new RangeError(`${series} fell by ${-increase}`);
      if (now.has(series)) throw new RangeError(`${series} is there twice`);
      now.set(series, value);
      this.totals.set(metric, (this.totals.get(metric) ?? 0) + increase);
    }
    this.#before = now;
  }
}
