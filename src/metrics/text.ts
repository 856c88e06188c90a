/** The text format 0.0.4 of Prometheus, as prom-client writes it. */

export type Labels = Readonly<Record<string, string | number>>;

const lineBreaks = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

const needsEscape = /[\\"\n]/;

const labelValue = (value: string | number): string => {
  if (typeof value === 'number') return String(value);
  return needsEscape.test(value) ? lineBreaks(value).replaceAll('"', '\\"') : value;
};

/** Labels, or labels as `labelText` wrote them: those of a service are written once for all its series. */
export type LabelPart = Labels | string;

/** `label="value",...`, in the order they are given. */
export function labelText(labels: Labels): string {
  // Joined, because a text that + puts together is kept in pieces until somebody reads it.
  const pieces: string[] = [];
  for (const label in labels) {
    const before = pieces.length === 0 ? '' : ',';
    pieces.push(before, label, '="', labelValue(labels[label] as string | number), '"');
  }
  return pieces.join('');
}

/** `name{label="value",...} `: a sample without its value, labels in the order they are given. */
export function seriesText(name: string, ...parts: readonly LabelPart[]): string {
  const pieces = [name];
  for (const part of parts) {
    const text = typeof part === 'string' ? part : labelText(part);
    if (text !== '') pieces.push(pieces.length === 1 ? '{' : ',', text);
  }
  pieces.push(pieces.length === 1 ? ' ' : '} ');
  return pieces.join('');
}

/** The two lines above a metric's samples. */
export const headerText = (name: string, help: string, type: string): string =>
  `# HELP ${name} ${lineBreaks(help)}\n# TYPE ${name} ${type}\n`;
