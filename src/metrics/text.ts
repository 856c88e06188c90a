/** The text format 0.0.4 of Prometheus, as prom-client writes it. */

export type Labels = Readonly<Record<string, string | number>>;

const lineBreaks = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

const needsEscape = /[\\"\n]/;

const labelValue = (value: string | number): string => {
  if (typeof value === 'number') return String(value);
  return needsEscape.test(value) ? lineBreaks(value).replaceAll('"', '\\"') : value;
};

/** `name{label="value",...} `: a sample without its value, labels in the order they are given. */
export function seriesText(name: string, ...labels: readonly Labels[]): string {
  // Joined, because a text that + puts together is kept in pieces until somebody reads it.
  const pieces = [name];
  for (const some of labels) {
    for (const label in some) {
      const before = pieces.length === 1 ? '{' : '",';
      pieces.push(before, label, '="', labelValue(some[label] as string | number));
    }
  }
  pieces.push(pieces.length === 1 ? ' ' : '"} ');
  return pieces.join('');
}

/** The two lines above a metric's samples. */
export const headerText = (name: string, help: string, type: string): string =>
  `# HELP ${name} ${lineBreaks(help)}\n# TYPE ${name} ${type}\n`;
