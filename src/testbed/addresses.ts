import { formatEndpoint } from '../record/address.js';
import type { Role } from './namespaces.js';

export const families = ['ipv4', 'ipv6'] as const;

export type Family = (typeof families)[number];

export interface RealServer {
  readonly role: Role;
  readonly family: Family;
  readonly address: string;
  readonly port: number;
}

/** What a testbed's hosts are called in one address family. */
export interface Addresses {
  /** The virtual services' address. */
  readonly virtual: string;
  /** That of services whose real servers have it too, as direct routing and tunnels want it. */
  readonly direct: string;
  readonly client: string;
  /** The director's own, on the clients' network. */
  readonly director: string;
  readonly servers: readonly [RealServer, RealServer];
}

export const VIRTUAL_PORT = 80;
export const SERVER_PORT = 8080;

function servers(family: Family, first: string, second: string): Addresses['servers'] {
  return [
    { role: 'rs1', family, address: first, port: SERVER_PORT },
    { role: 'rs2', family, address: second, port: SERVER_PORT },
  ];
}

/** The addresses of every testbed: each has namespaces of its own, so they never meet. */
export const addresses: Readonly<Record<Family, Addresses>> = {
  ipv4: {
    virtual: '10.96.0.10',
    direct: '10.96.0.20',
    client: '10.0.1.2',
    director: '10.0.1.1',
    servers: servers('ipv4', '10.0.2.2', '10.0.3.2'),
  },
  ipv6: {
    virtual: 'fd00:10:96::10',
    direct: 'fd00:10:96::20',
    client: 'fd00:10:0:1::2',
    director: 'fd00:10:0:1::1',
    servers: servers('ipv6', 'fd00:10:0:2::2', 'fd00:10:0:3::2'),
  },
};

/** `10.0.2.2:8080`, `[fd00:10:0:2::2]:8080` */
export const endpoint = (address: string, port: number): string => formatEndpoint(address, port);

export const serverName = ({ address, port }: RealServer): string => endpoint(address, port);

/** The service of the scenarios. */
export const virtualService = (family: Family): string =>
  endpoint(addresses[family].virtual, VIRTUAL_PORT);
