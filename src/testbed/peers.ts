import { addresses, type Family } from './addresses.js';
import type { Role } from './namespaces.js';
import { type ClientPeer, Peer, type PeerOf, type PeerOptions } from './peer.js';
import type { Operations, PeerKind, Ready } from './peer-protocol.js';

/** All the peers of a testbed: the clients, the real servers, and those spawned later. */
export class Peers {
  readonly client: ClientPeer;
  /** By namespace. */
  readonly servers: ReadonlyMap<Role, PeerOf<'server'>>;
  readonly #all: Peer<Operations>[] = [];

  /** Starts the clients and the real servers; `ready()` tells when they can be used. */
  constructor(families: readonly Family[]) {
    this.client = this.spawn({ role: 'client', kind: 'client' });
    this.servers = new Map(
      addresses.ipv4.servers.map(({ role, port }) => {
        const own = families.flatMap((family) =>
          addresses[family].servers.filter((server) => server.role === role),
        );
        const args = [String(port), ...own.map(({ address }) => address)];
        return [role, this.spawn({ role, kind: 'server', args })];
      }),
    );
  }

  /** The clients' first line, once all peers are ready. */
  async ready(): Promise<Ready> {
    const [ready] = await Promise.all([
      this.client.ready(),
      ...this.#all.map((peer) => peer.ready()),
    ]);
    return ready;
  }

  spawn<Kind extends PeerKind>(options: PeerOptions<Kind>): PeerOf<Kind> {
    const peer: PeerOf<Kind> = new Peer(options);
    this.#all.push(peer as unknown as Peer<Operations>);
    return peer;
  }

  /** Ends all peers; their pending requests are rejected with the reason. */
  async close(reason: unknown): Promise<void> {
    await Promise.all(this.#all.map((peer) => peer.close(reason)));
  }
}
