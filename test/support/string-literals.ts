/** A string of a source file, as it is written between its quotes. */
export interface StringLiteral {
  readonly text: string;
  readonly line: number;
}

/** After these a slash begins a regular expression, elsewhere it divides. */
const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};+<>]|\breturn|\bcase|=>)\s*$/;

/**
 * The string literals of TypeScript, C or C++, those within template literals as parts of them;
 * comments, regular expressions and module names are left out.
 */
export function stringLiterals(source: string): StringLiteral[] {
  const found: StringLiteral[] = [];
  const quotes =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\[\s\S])*`|\//g;
  for (let match = quotes.exec(source); match !== null; match = quotes.exec(source)) {
    const [token] = match;
    const before = source.slice(Math.max(0, match.index - 40), match.index);
    if (token === '/') {
      if (!BEFORE_REGEX.test(before)) continue;
      const regex = /(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\//y;
      regex.lastIndex = match.index + 1;
      if (regex.test(source)) quotes.lastIndex = regex.lastIndex;
      continue;
    }
    if (token.startsWith('/') || /(?:\bfrom|\bimport\(?|#include)\s*$/.test(before)) continue;
    const line = source.slice(0, match.index).split('\n').length;
    found.push({ text: token.slice(1, -1), line });
  }
  return found;
}
