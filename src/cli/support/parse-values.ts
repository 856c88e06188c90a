import { InvalidArgumentError } from 'commander';
import type { ListenAddress } from '../../http/listen-address.js';

// Each throws commander's InvalidArgumentError where the text is no such value.

/** `:10962`, `127.0.0.1:10962`, `[::1]:10962`. */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65535) {
    throw new InvalidArgumentError('It must be like :10962, 127.0.0.1:10962 or [::1]:10962.');
  }
  const host = match[1] ?? match[2];
  return { host: host === '' ? undefined : host, port };
}

/** A whole number within bounds. */
export function parseInteger(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
    }
    return value;
  };
}

const UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };

/** Seconds of a duration: `60`, `1.5`, `500ms`, `90s`, `15m` or `1h`. */
export function parseDuration(text: string): number {
  const [, digits, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  const seconds = Number(digits) * (UNITS[unit] ?? Number.NaN);
  if (!(seconds > 0 && seconds <= 2_000_000)) {
    throw new InvalidArgumentError(
      'It must be a duration above 0, such as 60 (seconds), 500ms, 15m or 1h.',
    );
  }
  return seconds;
}

/** A list with commas between its items, as options of a command and of the environment give it. */
export const parseList = (text: string): readonly string[] => text.split(',');
