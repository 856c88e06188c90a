/** One sample of a scrape. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The samples of a metric in Prometheus' text format, whose label values hold no quotes here. */
export function samplesOf(text: string, metric: string): readonly Sample[] {
  return text
    .split('\n')
    .map((line) => /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line))
    .filter((match) => match?.[1] === metric)
    .map((match) => ({
      labels: Object.fromEntries(
        [...(match?.[2] ?? '').matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [
          name,
          value,
        ]),
      ),
      value: Number(match?.[3]),
    }));
}

export const sumOf = (text: string, metric: string): number =>
  samplesOf(text, metric).reduce((sum, { value }) => sum + value, 0);
