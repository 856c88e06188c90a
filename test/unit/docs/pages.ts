import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The repository's root, seen from the compiled file. */
export const root = fileURLToPath(new URL('../../../../', import.meta.url));

/** A document, by its path below the root. */
export interface Page {
  readonly path: string;
  readonly text: string;
}

/** A changelog says what was: its words and links may be of earlier versions. */
const topLevel = readdirSync(root).filter(
  (name) => name.endsWith('.md') && name !== 'CHANGELOG.md',
);

/** Every document for users and contributors. */
export const pages: readonly Page[] = [...topLevel, ...markdownBelow('docs')].map((path) => ({
  path,
  text: readFileSync(`${root}${path}`, 'utf8'),
}));

function markdownBelow(folder: string): string[] {
  return readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`)
    .sort();
}

/** The text without fenced blocks; their lines stay, empty, so that line numbers are right. */
export function withoutFences(text: string): string {
  let fence: string | undefined;
  return text
    .split('\n')
    .map((line) => {
      const mark = /^\s*(```+|~~~+)/.exec(line)?.[1];
      if (fence === undefined) {
        fence = mark;
        return mark === undefined ? line : '';
      }
      if (mark === fence) fence = undefined;
      return '';
    })
    .join('\n');
}

/** What a reader reads as prose: neither fenced blocks nor code within a line. */
export const proseOf = (text: string): string => withoutFences(text).replace(/`[^`\n]*`/g, '``');

/** Contents of fenced blocks and of code within a line. */
export function codeOf(text: string): string[] {
  const fenced = [...text.matchAll(/^\s*(```+)[^\n]*\n([\s\S]*?)^\s*\1\s*$/gm)].flatMap(
    ([, , body = '']) => body.split('\n'),
  );
  const inline = [...withoutFences(text).matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
  return [...fenced, ...inline];
}
