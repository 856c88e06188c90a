import type { FieldCase } from './field-case.js';

/** A case with its observations and events, or why this kernel cannot play it. */
export interface Row {
  readonly field: FieldCase;
  readonly impossible?: string;
  /** By the independent observers. */
  readonly seen: string;
  /** By the events. */
  readonly reported: string;
  /** What is right. */
  readonly right: string;
  /** Every difference; none: the row is right. */
  readonly wrong: readonly string[];
}

/** Texts are wrapped to these widths. */
const COLUMNS = [
  { head: 'case', width: 20 },
  { head: 'what was done', width: 36 },
  { head: 'independent observers', width: 36 },
  { head: 'events', width: 56 },
  { head: '', width: 5 },
] as const;

const GAP = '  ';

/** Formats one row per case; below a wrong one the differences, and what is right. */
export function formatField(rows: readonly Row[]): string {
  const wrong = rows.filter((row) => row.wrong.length > 0).length;
  const impossible = rows.filter((row) => row.impossible !== undefined).length;
  return [
    ...rowLines(COLUMNS.map(({ head }) => head)),
    ...rows.flatMap((row) => [...rowLines(textsOf(row)), ...notesOf(row)]),
    `${rows.length} cases: ${rows.length - wrong - impossible} right, ${wrong} WRONG, ${impossible} not possible on this kernel`,
  ].join('\n');
}

const textsOf = ({ field, impossible, seen, reported, wrong }: Row): readonly string[] => [
  field.name,
  [field.input, ...(field.report === undefined ? [] : [`(${field.report})`])].join(' '),
  impossible === undefined ? seen : `not possible: ${impossible}`,
  reported,
  impossible !== undefined ? '-' : wrong.length === 0 ? 'right' : 'WRONG',
];

const notesOf = ({ wrong, right }: Row): readonly string[] =>
  wrong.length === 0 ? [] : [...wrong.map((line) => `    wrong: ${line}`), `    right: ${right}`];

/** The texts of one row side by side, as many lines as the longest takes. */
function rowLines(texts: readonly string[]): readonly string[] {
  const columns = COLUMNS.map(({ width }, index) => wrap(texts[index] ?? '', width));
  const height = Math.max(...columns.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    COLUMNS.map(({ width }, index) => (columns[index]?.[line] ?? '').padEnd(width))
      .join(GAP)
      .trimEnd(),
  );
}

/** Wraps a text between words; a word that is longer than a line has one of its own. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
