/** One series of the Prometheus text format. */
export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-z_]+)="((?:[^"\\]|\\.)*)"/g;

/** Every series of a scrape; histograms by their parts. */
export function parseMetrics(text: string): readonly Series[] {
  return text.split('\n').flatMap((line) => {
    const match = LINE.exec(line);
    if (match === null) return [];
    const [, name = '', inner = '', value = ''] = match;
    const labels = Object.fromEntries(
      [...inner.matchAll(LABEL)].map(([, key = '', label = '']) => [key, label]),
    );
    return [{ name, labels, value: Number(value) }];
  });
}

/** The series of a metric that have all these labels. */
export const seriesOf = (
  text: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): readonly Series[] =>
  parseMetrics(text).filter(
    (series) =>
      series.name === name &&
      Object.entries(labels).every(([key, label]) => series.labels[key] === label),
  );
