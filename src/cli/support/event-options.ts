import { statSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { MAX_FILTERS, protocolBits } from '../../native/event-filter.js';
import { type KindName, kindNames } from '../../record/value-names.js';
import {
  type ParsedEndpoint,
  type ParsedFilter,
  parseEndpoint,
  parseMark,
} from '../../trace/filter.js';
import { type OutputFormat, outputFormats } from '../../trace/output-formats.js';
import { parseList } from './parse-values.js';

/** Which events are printed, and how. */
export interface EventOptions {
  readonly output: OutputFormat;
  readonly kind?: readonly KindName[];
  readonly client?: readonly ParsedEndpoint[];
  readonly virtual?: readonly ParsedEndpoint[];
  readonly destination?: readonly ParsedEndpoint[];
  readonly proto?: number;
  readonly fwmark?: readonly number[];
  readonly netns?: readonly number[];
}

export const outputOption = (): Option =>
  new Option('-o, --output <format>', 'output format of events')
    .choices(outputFormats)
    .default('columns');

/** Below the options of a command with filters. */
export const filterNote =
  'A <cidr[:port]> is 10.0.1.2, 10.0.1.0/24, 10.96.0.10:80, :80, 2001:db8::/32 or [2001:db8::1]:443. Options with lists take several values: repeated, or with commas between them.';

/** Adds the options of every command that prints events. */
export function addEventOptions(command: Command): Command {
  const endpoint = (name: string, description: string): Option =>
    new Option(`--${name} <cidr[:port]>`, description).argParser(
      each((text) => parseEndpoint(text, { portZero: name === 'virtual' })),
    );
  return command
    .addOption(outputOption())
    .option(
      '-k, --kind <kinds>',
      'list of event kinds, or all (default: all but draining and retransmit, and every dropped packet)',
      parseKinds,
    )
    .addOption(endpoint('client', 'list of client addresses'))
    .addOption(endpoint('virtual', 'list of virtual services'))
    .addOption(endpoint('destination', 'list of real servers, former or new'))
    .option('--proto <protocol>', 'list of tcp, udp, sctp', parseProtocols)
    .option('--fwmark <mark>', 'list of firewall marks of virtual services', each(parseMark))
    .option(
      '--netns <namespace>',
      'list of network namespaces: inode number, name in /run/netns, or path',
      each(parseNamespace),
    );
}

export const filterOf = (options: EventOptions): ParsedFilter => {
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

/** `reuse,unavailable` or `all`; adds them to those of options before it. */
function parseKinds(text: string, former?: readonly KindName[]): readonly KindName[] {
  const named = new Set<string>(former);
  for (const name of text === 'all' ? kindNames : parseList(text)) {
    if (!kindNames.some((known) => known === name)) {
      throw new InvalidArgumentError(
        `Unknown event kind '${name}' (choose from all, ${kindNames.join(', ')}).`,
      );
    }
    named.add(name);
  }
  return kindNames.filter((kind) => named.has(kind));
}

/** An option that takes several values: all of them, in a list. */
function each<Value>(
  parse: (text: string) => Value,
): (text: string, former?: readonly Value[]) => readonly Value[] {
  return (text, former = []) => {
    try {
      const values = [...former, ...parseList(text).map(parse)];
      if (values.length <= MAX_FILTERS) return values;
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw cause;
      throw new InvalidArgumentError(cause.message);
    }
    throw new InvalidArgumentError(`It takes ${MAX_FILTERS} values at most.`);
  };
}

function parseProtocols(text: string, former = 0): number {
  return parseList(text).reduce((bits, name) => {
    const bit = Object.entries(protocolBits).find(([its]) => its === name.toUpperCase())?.[1];
    if (bit === undefined) throw new InvalidArgumentError('It must be tcp, udp or sctp.');
    return bits | bit;
  }, former);
}

/** The inode number of a network namespace. */
function parseNamespace(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  const path = text.includes('/') ? text : `/run/netns/${text}`;
  const inode = statSync(path, { throwIfNoEntry: false })?.ino;
  if (inode === undefined) {
    throw new SyntaxError(
      `network namespace not found: ${path} (hint: ip netns list prints names, lsns -t net all)`,
    );
  }
  return inode;
}
