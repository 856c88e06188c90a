import { stripVTControlCharacters } from 'node:util';

const KEPT_CHARACTERS = 32 * 1024;
const LINES = 30;
/** The lines before a panic explain it; the registers after it do not. */
const LINES_BEFORE_PANIC = 15;

/** Keeps the last lines of the guest's console. */
export class ConsoleTail {
  #text = '';

  push(chunk: string): void {
    this.#text = (this.#text + chunk).slice(-KEPT_CHARACTERS);
  }

  /** Returns the last lines, or those around a panic, without control sequences and empty lines. */
  lines(): string {
    const lines = stripVTControlCharacters(this.#text)
      .split(/[\r\n]+/)
      .filter((line) => line.trim() !== '');
    const panic = lines.findIndex((line) => line.includes('Kernel panic'));
    const start = panic === -1 ? lines.length - LINES : panic - LINES_BEFORE_PANIC;
    return lines.slice(Math.max(start, 0)).slice(0, LINES).join('\n');
  }

  includes(text: string): boolean {
    return this.#text.includes(text);
  }
}
