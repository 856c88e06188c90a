import { type Command, InvalidArgumentError, Option } from 'commander';
import { type AttachRequest, type AttachVariant, attachVariants } from '../native/attachment.js';
import { type ParsedEndpoint, parseEndpoint } from '../trace/filter.js';
import { type KindName, kindNames } from '../wire/names.js';

export interface ListenAddress {
  /** Undefined: every address of this machine. */
  readonly host: string | undefined;
  readonly port: number;
}

/** `:10962`, `127.0.0.1:10962`, `[::1]:10962`. Throws commander's InvalidArgumentError. */
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

/** Seconds, fractions allowed. */
export function parseSeconds(text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value <= 0 || value > 2_000_000) {
    throw new InvalidArgumentError('It must be a number of seconds above 0.');
  }
  return value;
}

/** `reuse,unavailable` or `all`. */
export function parseKinds(text: string): readonly KindName[] {
  if (text === 'all') return kindNames;
  return text.split(',').map((name) => {
    const kind = kindNames.find((known) => known === name);
    if (kind === undefined) {
      throw new InvalidArgumentError(
        `'${name}' is no kind of event; there are ${kindNames.join(', ')}, and all.`,
      );
    }
    return kind;
  });
}

/** An option that takes an address, a network, or an address and a port. */
export const filterOption = (name: string, description: string): Option =>
  new Option(`--${name} <address>`, description).argParser(parseFilter);

function parseFilter(text: string): ParsedEndpoint {
  try {
    return parseEndpoint(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new InvalidArgumentError(cause.message);
  }
}

export interface AttachOptions {
  readonly attach?: AttachVariant;
  readonly btf?: string;
}

/** Adds what every command that attaches can be told about it. */
export function addAttachOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--attach <variant>',
        'how to attach (default: fexit where the kernel has it, else kprobe)',
      ).choices(attachVariants),
    )
    .option('--btf <file>', 'types of this kernel and its ip_vs; see: ipvscope btf --help');
}

export function attachRequest({ attach, btf }: AttachOptions): AttachRequest {
  return {
    ...(attach === undefined ? {} : { variant: attach }),
    ...(btf === undefined ? {} : { types: btf }),
  };
}
