import { type RealServer, SERVER_PORT } from './addresses.js';
import type { NamespaceShells } from './namespace-shell.js';
import type { Role } from './namespaces.js';

/** Packet loss on purpose, by nftables in the namespaces of a testbed. */
export class Faults {
  readonly #shells: NamespaceShells;

  constructor(shells: NamespaceShells) {
    this.#shells = shells;
  }

  /** Drops everything sent to a real server, as for a removed pod: nothing answers. */
  async blackhole({ role }: RealServer, enabled: boolean): Promise<void> {
    // Inside the server's namespace: the packet still leaves the director, as it does to a dead pod.
    await this.#shells.setNftTable(
      role,
      enabled && 'chain gone { type filter hook prerouting priority -300; policy drop; }',
    );
  }

  /**
   * Drops the first connection-opening packet from every client port: in the clients' namespace on
   * its way out, in a server's on its way in.
   */
  async dropFirst(role: Role, enabled: boolean): Promise<void> {
    const hook = role === 'client' ? 'output' : 'prerouting';
    const opening = 'tcp flags & (syn | ack) == syn';
    await this.#shells.setNftTable(
      role,
      enabled &&
        `set seen { type inet_service; flags dynamic; size 65535; }
        chain first {
          type filter hook ${hook} priority -400
          ${opening} tcp sport @seen accept
          ${opening} add @seen { tcp sport } drop
        }`,
      'ipvscope_loss',
    );
  }

  /** Drops the clients' FIN and RST: a client that closes now vanishes for everybody else. */
  async dropFinAndRst(enabled: boolean): Promise<void> {
    await this.#shells.setNftTable(
      'client',
      enabled &&
        'chain silence { type filter hook output priority 0; tcp flags & (fin | rst) != 0 drop; }',
    );
  }

  /** Drops, before conntrack, the real servers' ACKs without data to these client ports. */
  async dropAcks(ports: readonly number[]): Promise<void> {
    await this.#shells.setNftTable(
      'director',
      ports.length > 0 &&
        // On one line: for nft the next line is another rule.
        `chain acks { type filter hook prerouting priority -400; tcp sport ${SERVER_PORT} tcp dport { ${ports.join(', ')} } tcp flags & (fin | syn | rst | psh | ack) == ack drop; }`,
      'ipvscope_acks',
    );
  }
}
