/** How much a message matters: a logger leaves out what is below its level. */
export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** `plain`: the message alone, for a person at a terminal. */
export const logFormats = ['plain', 'logfmt', 'json'] as const;
export type LogFormat = (typeof logFormats)[number];

export type LogFields = Readonly<Record<string, string | number | boolean>>;

/** Takes one message a call: a line without its end, complete without the fields. */
export type Logger = Readonly<Record<LogLevel, (message: string, fields?: LogFields) => void>>;

export interface LoggerOptions {
  /** Default: info. */
  readonly level?: LogLevel;
  readonly format: LogFormat;
  /** Called for the time of each entry; absent: entries have none. Not part of `plain`. */
  readonly now?: () => Date;
  /** Takes one line with its end. */
  readonly write: (line: string) => void;
}

/**
 * Makes a logger. A library would bring its own way of writing to descriptor 2; ours has to go
 * through the one stream that never blocks the event loop and notices a full disk.
 */
export function createLogger({ level = 'info', format, now, write }: LoggerOptions): Logger {
  const lowest = logLevels.indexOf(level);
  const at = (its: LogLevel) => {
    if (logLevels.indexOf(its) < lowest) return () => {};
    return (message: string, fields: LogFields = {}) => {
      const time = now === undefined ? {} : { time: now().toISOString() };
      write(`${formats[format](message, { ...time, level: its, msg: message, ...fields })}\n`);
    };
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

const formats: Readonly<Record<LogFormat, (message: string, entry: LogFields) => string>> = {
  plain: (message) => message,
  json: (_, entry) => JSON.stringify(entry),
  logfmt: (_, entry) =>
    Object.entries(entry)
      .map(([key, value]) => `${key}=${logfmtValue(String(value))}`)
      .join(' '),
};

/** Quoted where it is empty, or holds a space, a quote, an equals sign or a control character. */
const logfmtValue = (text: string): string =>
  /^[^\s"=\p{Cc}]+$/u.test(text) ? text : JSON.stringify(text);

/** Writes nothing: the default of whoever takes a logger. */
export const silentLog: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
};
