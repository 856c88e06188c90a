import { formatAddress } from '../record/address.js';
import type { ForwardingName } from '../record/value-names.js';
import { LineWords } from './line-words.js';
import type {
  AddressFamily,
  RealServer,
  ServiceProtocol,
  VirtualService,
} from './virtual-service.js';

const LINE_FEED = 10;
const OPEN_BRACKET = 91;
const AF_INET = 2;
const AF_INET6 = 10;

const protocols: Readonly<Record<string, ServiceProtocol>> = {
  TCP: 'TCP',
  UDP: 'UDP',
  SCTP: 'SCTP',
  FWM: 'FWM',
};

// ip_vs_fwd_name() (net/netfilter/ipvs/ip_vs_ctl.c).
const forwardings: Readonly<Record<string, ForwardingName>> = {
  Masq: 'masquerade',
  Local: 'local',
  Tunnel: 'tunnel',
  Route: 'route',
};

interface OpenService extends VirtualService {
  family: AddressFamily;
  readonly servers: RealServer[];
}

/** What tells the services of a namespace apart. */
const identity = ({ proto, address, port, fwmark, family }: VirtualService): string =>
  `${proto} ${address} ${port} ${fwmark} ${family}`;

/**
 * Parses /proc/net/ip_vs of one network namespace, piece by piece
 * (ip_vs_info_seq_show(), net/netfilter/ipvs/ip_vs_ctl.c):
 *
 *     IP Virtual Server version 1.2.1 (size=4096)
 *     Prot LocalAddress:Port Scheduler Flags
 *       -> RemoteAddress:Port Forward Weight ActiveConn InActConn
 *     TCP  0A60000A:0050 rr  persistent 90000 FFFFFFFF
 *       -> 0A00020B:1F90      Masq    1      0          0
 *     FWM  00000007 wlc
 *       -> [fd00:0002:0000:0000:0000:0000:0000:0011]:0000      Masq    1      0          0
 *
 * The kernel shows the table in pieces, and the table may change between two of them: a service that
 * is there twice is taken once, as it was last.
 */
export class TableParser {
  /** Lines that are none of the above. */
  unreadable = 0;
  readonly #netns: number;
  readonly #services: OpenService[] = [];
  readonly #words = new LineWords();
  #service: OpenService | undefined;
  // What #readAddress has read: kept here, because 50,000 servers need no array each.
  readonly #address = new Uint8Array(16);
  #family: AddressFamily = 0;
  #port = 0;
  /** The beginning of a line whose end is yet to come. */
  #rest: Uint8Array = new Uint8Array(0);

  constructor(netns: number) {
    this.#netns = netns;
  }

  /** The next piece of the file; the bytes may be overwritten afterwards. */
  push(piece: Uint8Array): void {
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    let start = 0;
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
      this.#line(bytes, start, end);
      start = end + 1;
    }
    this.#rest = bytes.slice(start);
  }

  /** The services, once all of the file was pushed. */
  end(): VirtualService[] {
    if (this.#rest.length > 0) this.#line(this.#rest, 0, this.#rest.length);
    this.#rest = new Uint8Array(0);
    const services = new Map<string, VirtualService>();
    for (const service of this.#services) services.set(identity(service), service);
    return [...services.values()];
  }

  #line(bytes: Uint8Array, start: number, end: number): void {
    const words = this.#words;
    words.split(bytes, start, end);
    if (words.is(0, '->')) {
      if (!words.is(1, 'RemoteAddress:Port')) this.#server();
      return;
    }
    const proto = protocols[words.text(0)];
    if (proto !== undefined) this.#open(proto);
    else if (!words.is(0, 'IP') && !words.is(0, 'Prot')) this.unreadable++;
  }

  #open(proto: ServiceProtocol): void {
    const words = this.#words;
    const scheduler = words.text(2);
    const isFwm = proto === 'FWM';
    const fwmark = isFwm ? words.hex(1) : 0;
    if (scheduler === '' || (isFwm ? !(fwmark > 0) : !this.#readAddress())) {
      this.#service = undefined;
      this.unreadable++;
      return;
    }
    const family = isFwm ? 0 : this.#family;
    this.#service = {
      netns: this.#netns,
      proto,
      address: isFwm ? '' : formatAddress(this.#address, 0, family),
      addressBytes: this.#address.slice(0, isFwm ? 0 : family === AF_INET ? 4 : 16),
      family,
      port: isFwm ? 0 : this.#port,
      fwmark,
      scheduler,
      // "ops" may stand before.
      persistent: words.is(3, 'persistent') || words.is(4, 'persistent'),
      servers: [],
    };
    this.#services.push(this.#service);
  }

  #server(): void {
    const words = this.#words;
    const service = this.#service;
    const forwarding = forwardings[words.text(2)];
    const weight = words.decimal(3);
    const activeConnections = words.decimal(4);
    const inactiveConnections = words.decimal(5);
    if (
      service === undefined ||
      forwarding === undefined ||
      Number.isNaN(weight + activeConnections + inactiveConnections) ||
      !this.#readAddress()
    ) {
      this.unreadable++;
      return;
    }
    service.servers.push({
      address: formatAddress(this.#address, 0, this.#family),
      port: this.#port,
      forwarding,
      weight,
      activeConnections,
      inactiveConnections,
    });
    // Only a tunnel may be of another family than its service (ip_vs_genl_set_cmd()).
    if (service.family === 0 && forwarding !== 'tunnel') service.family = this.#family;
  }

  /** Reads the second word: `0A60000A:0050` or `[2001:0db8:0000:0000:0000:0000:0000:0001]:0035`. */
  #readAddress(): boolean {
    const words = this.#words;
    const bytes = this.#address;
    const isIpv6 = words.byte(1, 0) === OPEN_BRACKET;
    const length = isIpv6 ? 16 : 4;
    let at = isIpv6 ? 1 : 0;
    for (let index = 0; index < length; index++) {
      // Two bytes and a colon.
      if (isIpv6 && index > 0 && index % 2 === 0) at++;
      const value = words.hexBetween(1, at, at + 2);
      if (Number.isNaN(value)) return false;
      bytes[index] = value;
      at += 2;
    }
    const portAt = isIpv6 ? 42 : 9;
    this.#family = isIpv6 ? AF_INET6 : AF_INET;
    this.#port = words.hexBetween(1, portAt, portAt + 4);
    return !Number.isNaN(this.#port) && words.length(1) === portAt + 4;
  }
}
