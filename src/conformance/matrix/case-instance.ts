import { addresses, endpoint, SERVER_PORT } from '../../testbed/addresses.js';
import type { Role } from '../../testbed/namespaces.js';
import type { ConnectRequest, Ending, ListenRequest } from '../../testbed/peer-protocol.js';
import type { Change, Entry, TestCase } from './test-case.js';

/** A real server of one test case's service. */
export interface CaseServer {
  readonly role: Role;
  readonly address: string;
  readonly port: number;
  readonly name: string;
}

export interface CaseNumbers {
  /** Of the service, which no other test case has. */
  readonly virtualPort: number;
  /** Of the client, never used before: the test case's own and one more. */
  readonly ports: readonly [number, number];
}

const methods = { masquerade: '-m', local: '-m', direct: '-g', tunnel: '-i' } as const;

/** The time for two copies of a SYN, at 0 and 1 s; the third comes at 3 s. */
const CONNECT_MS = 2_500;
const DATAGRAM_MS = 1_200;
/** The same for an INIT, whose first copy comes after 3 s. */
const ASSOCIATE_MS = 6_000;

const endings: Readonly<Partial<Record<Entry, Ending>>> = {
  vanished: 'hold',
  held: 'hold',
  'reset by server': 'reset',
  'reset by client': 'abort',
};

/** A test case on the testbed: its addresses, ports and names. */
export class CaseInstance {
  readonly testCase: TestCase;
  readonly virtualPort: number;
  readonly port: number;
  readonly otherPort: number;
  readonly servers: readonly CaseServer[];
  /** The server of the entry, once there is one. */
  old: CaseServer | undefined;

  constructor(testCase: TestCase, { virtualPort, ports }: CaseNumbers) {
    this.testCase = testCase;
    this.virtualPort = virtualPort;
    [this.port, this.otherPort] = ports;
    const { forwarding } = testCase.service;
    const { servers, director } = addresses[testCase.family];
    // Only masquerading changes the port.
    const port = ['direct', 'tunnel'].includes(forwarding) ? virtualPort : SERVER_PORT;
    const real =
      forwarding === 'local' ? [{ role: 'director' as const, address: director }] : servers;
    this.servers = real.map(({ role, address }) => ({
      role,
      address,
      port,
      name: endpoint(address, port),
    }));
  }

  /** The address that its clients connect to. */
  get host(): string {
    const { virtual, direct } = addresses[this.testCase.family];
    return ['direct', 'tunnel'].includes(this.testCase.service.forwarding) ? direct : virtual;
  }

  get virtual(): string {
    return endpoint(this.host, this.virtualPort);
  }

  get clientAddress(): string {
    const { director, client } = addresses[this.testCase.family];
    return this.testCase.service.localClient === true ? director : client;
  }

  /** The client's addresses and ports, as events and captures write them. */
  get clients(): readonly string[] {
    return [this.port, this.otherPort].map((port) => endpoint(this.clientAddress, port));
  }

  get mark(): number {
    return this.testCase.service.byMark === true ? this.virtualPort : 0;
  }

  /** The service in ipvsadm's syntax. */
  get #service(): string {
    if (this.mark > 0) return `-f ${this.mark}${this.testCase.family === 'ipv6' ? ' -6' : ''}`;
    const flag = { TCP: '-t', UDP: '-u', SCTP: '--sctp-service' }[this.testCase.service.protocol];
    return `${flag} ${this.virtual}`;
  }

  /** Commands that create the service, every server with weight 1. */
  creation(): readonly string[] {
    const { options = '' } = this.testCase.service;
    return [
      `-A ${this.#service} -s rr ${options}`.trimEnd(),
      ...this.servers.map((server) => this.#addition(server)),
    ];
  }

  changes(change: Change): readonly string[] {
    const { old } = this;
    if (change === 'all weights 0') return this.servers.map((server) => this.#weightZero(server));
    if (old === undefined) throw new RangeError(`${this.testCase.title}: there is no entry`);
    if (change === 'weight 0') return [this.#weightZero(old)];
    if (change === 'removed') return [`-d ${this.#service} -r ${old.name}`];
    return [this.#addition(old)];
  }

  #addition({ name }: CaseServer): string {
    return `-a ${this.#service} -r ${name} ${methods[this.testCase.service.forwarding]} -w 1`;
  }

  #weightZero({ name }: CaseServer): string {
    return `-e ${this.#service} -r ${name} ${methods[this.testCase.service.forwarding]} -w 0`;
  }

  /** Further listeners that the real servers need: at the virtual address, by their name. */
  listening(): readonly { readonly role: Role; readonly request: ListenRequest }[] {
    const { protocol, forwarding } = this.testCase.service;
    if (forwarding !== 'direct' && forwarding !== 'tunnel') return [];
    return this.servers.map(({ role, name }) => ({
      role,
      request: { protocol, address: this.host, port: this.virtualPort, name },
    }));
  }

  /** The connect that creates the entry, or the one that matches it. */
  connect(port: number, entry: Entry | 'met'): ConnectRequest {
    const { protocol, localClient } = this.testCase.service;
    return {
      protocol,
      host: this.host,
      hostPort: this.virtualPort,
      // A client of SCTP names all its addresses unless it is bound to one.
      ...(localClient === true || protocol === 'SCTP' ? { address: this.clientAddress } : {}),
      port,
      ending: (entry === 'met' ? undefined : endings[entry]) ?? 'fin',
      timeoutMs: { TCP: CONNECT_MS, UDP: DATAGRAM_MS, SCTP: ASSOCIATE_MS }[protocol],
    };
  }
}
