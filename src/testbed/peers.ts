import { addresses } from './addresses.js';
import type { Role } from './namespaces.js';
import { Peer, type PeerOptions } from './peer.js';
import type { Ready } from './peer-protocol.js';
import { families } from './topology.js';

/** All the peers of a testbed. */
export class Peers {
  readonly client: Peer;
  /** The real servers, by their namespaces. */
  readonly peers: ReadonlyMap<Role, Peer>;
  readonly #all: Peer[] = [];

  /** Starts the clients and the real servers; `ready()` tells when they can be used. */
  constructor() {
    this.client = this.spawn({ role: 'client', module: './peer-client.js', args: [] });
    this.peers = new Map(
      addresses.ipv4.servers.map(({ role, port }) => {
        const own = families.flatMap((family) =>
          addresses[family].servers.filter((server) => server.role === role),
        );
        const args = [String(port), ...own.map(({ address }) => address)];
        return [role, this.spawn({ role, module: './peer-server.js', args })];
      }),
    );
  }

  /** What the clients say of themselves, once everybody is there. */
  async ready(): Promise<Ready> {
    const [ready] = await Promise.all([
      this.client.ready(),
      ...this.#all.map((peer) => peer.ready()),
    ]);
    return ready;
  }

  spawn(options: PeerOptions): Peer {
    const peer = new Peer(options);
    this.#all.push(peer);
    return peer;
  }

  async close(reason: unknown): Promise<void> {
    await Promise.all(this.#all.map((peer) => peer.close(reason)));
  }
}
