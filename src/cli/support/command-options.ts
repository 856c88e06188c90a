import { statSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ListenAddress } from '../../http/listen-address.js';
import { type AttachRequest, type AttachVariant, attachVariants } from '../../native/attachment.js';
import { MAX_FILTERS, protocolBits } from '../../native/event-filter.js';
import { type KindName, kindNames } from '../../record/value-names.js';
import {
  type ParsedEndpoint,
  type ParsedFilter,
  parseEndpoint,
  parseMark,
} from '../../trace/filter.js';
import { type OutputFormat, outputFormats } from '../../trace/printer.js';

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

/** `reuse,unavailable` or `all`; adds them to those of options before it. */
export function parseKinds(text: string, former?: readonly KindName[]): readonly KindName[] {
  const named = new Set<string>(former);
  for (const name of text === 'all' ? kindNames : text.split(',')) {
    if (!kindNames.some((known) => known === name)) {
      throw new InvalidArgumentError(
        `'${name}' is no kind of event; there are ${kindNames.join(', ')}, and all.`,
      );
    }
    named.add(name);
  }
  return kindNames.filter((kind) => named.has(kind));
}

/** Which events are printed, and how. */
export interface PrintedOptions {
  readonly output: OutputFormat;
  readonly kind?: readonly KindName[];
  readonly client?: readonly ParsedEndpoint[];
  readonly virtual?: readonly ParsedEndpoint[];
  readonly destination?: readonly ParsedEndpoint[];
  readonly proto?: number;
  readonly fwmark?: readonly number[];
  readonly netns?: readonly number[];
}

/** Adds what every command that prints events can be told about them. */
export function addPrintedOptions(command: Command): Command {
  const filter = (name: string, description: string): Option =>
    new Option(`--${name} <address>`, `${description}; repeatable`).argParser(
      each((text) => parseEndpoint(text, { portZero: name === 'virtual' })),
    );
  return command
    .addOption(
      new Option('-o, --output <format>', 'how events are printed')
        .choices(outputFormats)
        .default('columns'),
    )
    .option(
      '-k, --kind <kinds>',
      'print these kinds, or all; repeatable (default: all but draining and retransmit, and of these what is dropped)',
      parseKinds,
    )
    .addOption(filter('client', 'only packets from this address or network'))
    .addOption(filter('virtual', 'only packets to this virtual service'))
    .addOption(filter('destination', 'only packets with this real server, old or new'))
    .option('--proto <protocol>', 'only tcp, udp or sctp; repeatable', parseProtocol)
    .option('--fwmark <mark>', 'only the virtual service of this mark; repeatable', each(parseMark))
    .option(
      '--netns <namespace>',
      'only packets of this network namespace: inode number, name in /run/netns or path; repeatable',
      each(parseNamespace),
    );
}

export const filterOf = (options: PrintedOptions): ParsedFilter => {
  const { client, virtual, destination, proto, fwmark, netns } = options;
  return {
    ...(client === undefined ? {} : { client }),
    ...(virtual === undefined ? {} : { virtual }),
    ...(destination === undefined ? {} : { destination }),
    ...(proto === undefined ? {} : { protocols: proto }),
    ...(fwmark === undefined ? {} : { fwmark }),
    ...(netns === undefined ? {} : { netns }),
  };
};

/** An option that may be given several times: what each says, in a list. */
function each<Value>(
  parse: (text: string) => Value,
): (text: string, former?: readonly Value[]) => readonly Value[] {
  return (text, former = []) => {
    if (former.length === MAX_FILTERS) {
      throw new InvalidArgumentError(`It can be given ${MAX_FILTERS} times at most.`);
    }
    try {
      return [...former, parse(text)];
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw cause;
      throw new InvalidArgumentError(cause.message);
    }
  };
}

function parseProtocol(text: string, former = 0): number {
  const bit = Object.entries(protocolBits).find(([name]) => name === text.toUpperCase())?.[1];
  if (bit === undefined) throw new InvalidArgumentError('It must be tcp, udp or sctp.');
  return former | bit;
}

/** The inode number of a network namespace. */
function parseNamespace(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  const path = text.includes('/') ? text : `/run/netns/${text}`;
  const inode = statSync(path, { throwIfNoEntry: false })?.ino;
  if (inode === undefined) {
    throw new SyntaxError(`there is no ${path}; ip netns list shows the names, lsns -t net all`);
  }
  return inode;
}

/** Before the command's name or after it. */
export const addVerboseOption = (command: Command): Command =>
  command.option('--verbose', "with an error, print the kernel's log lines and the stack, too");

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
