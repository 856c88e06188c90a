import type { Spread } from './statistics.js';

/** A number as the tables have it: thousands apart, `fraction` digits behind the point. */
export const digits = (value: number, fraction: number): string =>
  value.toLocaleString('en', { minimumFractionDigits: fraction, maximumFractionDigits: fraction });

/** From the least to the most. */
export const range = ({ min, max }: Spread, fraction: number): string =>
  `${digits(min, fraction)}–${digits(max, fraction)}`;

/** Rounds that the figures are not made of. */
export const discards = (result: {
  readonly discarded: number;
  readonly noisy: boolean;
}): string => (result.noisy ? 'none: noisy' : digits(result.discarded, 0));

/** A table in Markdown, titles first: the first column to the left and figures to the right. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const lines = rows.map((row) => {
    const padded = row.map((text, column) =>
      column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0),
    );
    return `| ${padded.join(' | ')} |`;
  });
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [lines[0] ?? '', `| ${rule.join(' | ')} |`, ...lines.slice(1)];
}
