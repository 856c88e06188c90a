import { textTable } from '../text-table.js';
import type { FieldCase } from './case.js';

/** A case with what was seen and told of it, or why this kernel cannot play it. */
export interface Row {
  readonly field: FieldCase;
  readonly impossible?: string;
  /** By the independent observers. */
  readonly seen: string;
  /** By the events. */
  readonly told: string;
  /** What is right. */
  readonly right: string;
  /** Everything that is not; none: the row is right. */
  readonly wrong: readonly string[];
}

const HEADS = ['case', 'what was done', 'independent observers', 'events', ''] as const;

/** The table, a line a case; below a wrong one what is wrong with it, and what is right. */
export function formatField(rows: readonly Row[]): string {
  const [head = '', ...body] = textTable(
    HEADS,
    rows.map(({ field, impossible, seen, told, wrong }) => [
      field.name,
      field.input,
      impossible === undefined ? seen : `not possible: ${impossible}`,
      told,
      impossible !== undefined ? '-' : wrong.length === 0 ? 'right' : 'WRONG',
    ]),
  );
  const notes = rows.map(({ wrong, right }) =>
    wrong.length === 0 ? [] : [...wrong.map((line) => `    wrong: ${line}`), `    right: ${right}`],
  );
  const wrong = rows.filter((row) => row.wrong.length > 0).length;
  const impossible = rows.filter((row) => row.impossible !== undefined).length;
  return [
    head,
    ...body.flatMap((line, index) => [line, ...(notes[index] ?? [])]),
    `${rows.length} cases: ${rows.length - wrong - impossible} right, ${wrong} WRONG, ${impossible} not possible on this kernel`,
  ].join('\n');
}
