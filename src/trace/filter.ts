import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { type EndpointFilter, type EventFilter, protocolBits } from '../native/event-filter.js';

/** As the user wrote it, and as the probe takes it. */
export interface ParsedEndpoint extends EndpointFilter {
  readonly text: string;
}

/** Which events are wanted: those that fit one of each sort; absent: all. */
export interface ParsedFilter extends EventFilter {
  readonly client?: readonly ParsedEndpoint[];
  readonly virtual?: readonly ParsedEndpoint[];
  readonly destination?: readonly ParsedEndpoint[];
}

const MOST_PORT = 65_535;
const NONE = new Uint8Array();
/** Port 0 of the table. */
const EVERY_PORT = -1;

/** Throws a SyntaxError that says where and why. */
function fail(text: string, position: number, reason: string): never {
  throw new SyntaxError(`At character ${position + 1} of '${text}': ${reason}.`);
}

function parseAddress(text: string, from: number, to: number): Uint8Array {
  const address = text.slice(from, to);
  // Of the forms that inet_aton() takes, only the one that everybody reads alike.
  if (isIP(address) === 0 || address.includes('%')) {
    fail(text, from, `'${address}' is not an IPv4 or IPv6 address`);
  }
  return Uint8Array.from(ipaddr.parse(address).toByteArray());
}

function parseNumber(text: string, from: number, most: number, what: string): number {
  const digits = text.slice(from);
  const value = Number(digits);
  if (!/^\d{1,5}$/.test(digits) || value > most) {
    fail(text, from, `${what} is a whole number up to ${most}, not '${digits}'`);
  }
  return value;
}

/** The address with only its first bits. */
function networkOf(address: Uint8Array, prefixLength: number): Uint8Array {
  return address.map((byte, index) => {
    const bits = Math.min(8, Math.max(0, prefixLength - 8 * index));
    return byte & (0xff << (8 - bits));
  });
}

/**
 * `10.0.1.2`, `10.0.1.0/24`, `10.96.0.10:80`, `2001:db8::1`, `2001:db8::/32`, `[2001:db8::1]:443` or
 * `:80`; with `portZero` also `10.96.0.11:0`, a virtual service of every port. Throws a SyntaxError
 * with position and reason.
 */
export function parseEndpoint(text: string, { portZero = false } = {}): ParsedEndpoint {
  const slash = text.indexOf('/');
  if (slash >= 0) {
    const address = parseAddress(text, 0, slash);
    const most = address.length * 8;
    const prefixLength = parseNumber(text, slash + 1, most, 'the prefix length');
    const network = networkOf(address, prefixLength);
    if (address.some((byte, index) => byte !== network[index])) {
      const [one, all] = [text.slice(0, slash), ipaddr.fromByteArray([...network]).toString()];
      fail(text, 0, `${one} is an address within ${all}/${prefixLength}; write one of the two`);
    }
    return { text, address, prefixLength, port: 0 };
  }
  const whole = (address: Uint8Array, port: number): ParsedEndpoint => ({
    text,
    address,
    prefixLength: address.length * 8,
    port: Math.max(port, 0),
    ...(port === EVERY_PORT ? { portZero: true } : {}),
  });
  const port = (colon: number): number => {
    const value = parseNumber(text, colon + 1, MOST_PORT, 'a port');
    if (value !== 0) return value;
    return portZero ? EVERY_PORT : fail(text, colon + 1, 'port 0 is not valid here');
  };
  if (text.startsWith('[')) {
    const end = text.indexOf(']');
    if (end < 0) fail(text, text.length, "missing ']'");
    const address = parseAddress(text, 1, end);
    if (end + 1 === text.length) return whole(address, 0);
    if (text[end + 1] !== ':') fail(text, end + 1, "expected ':' and a port, or nothing");
    return whole(address, port(end + 1));
  }
  const colon = text.indexOf(':');
  if (colon < 0 || text.includes(':', colon + 1))
    return whole(parseAddress(text, 0, text.length), 0);
  return whole(colon === 0 ? NONE : parseAddress(text, 0, colon), port(colon));
}

/** `7` or `0x7`, as iptables and /proc/net/ip_vs write it. Throws a SyntaxError. */
export function parseMark(text: string): number {
  const value = Number(text);
  if (!/^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text) || value < 1 || value > 0xffffffff) {
    fail(text, 0, 'a firewall mark is a number from 1 to 4294967295, or 0x1 to 0xffffffff');
  }
  return value;
}

const protocolsOf = (bits: number): string =>
  Object.entries(protocolBits)
    .flatMap(([name, bit]) => ((bits & bit) === 0 ? [] : [name]))
    .join(' or ');

/** `client 10.0.1.0/24, virtual 10.96.0.10:80 or :443`; empty where all events are wanted. */
export function describeFilter(filter: ParsedFilter): string {
  const sorts: Readonly<Record<string, readonly (string | number)[]>> = {
    client: (filter.client ?? []).map(({ text }) => text),
    virtual: (filter.virtual ?? []).map(({ text }) => text),
    destination: (filter.destination ?? []).map(({ text }) => text),
    fwmark: filter.fwmark ?? [],
    netns: filter.netns ?? [],
    protocol: filter.protocols ? [protocolsOf(filter.protocols)] : [],
  };
  return Object.entries(sorts)
    .flatMap(([name, values]) => (values.length === 0 ? [] : [`${name} ${values.join(' or ')}`]))
    .join(', ');
}
