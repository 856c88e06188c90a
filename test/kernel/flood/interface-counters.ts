import type { NamespaceShell } from '../../../src/testbed/namespace-shell.js';
import { withInput } from '../exact/planned-network.js';
import { endpoint } from '../exact/planned-services.js';

/** What `nft -j` prints of a set's elements that count. */
interface Element {
  readonly elem: {
    readonly val: { readonly concat: readonly [string, number] };
    readonly counter: { readonly packets: number };
  };
}

interface Listing {
  readonly nftables: readonly { readonly set?: { readonly elem?: readonly Element[] } }[];
}

/** nftables in the director counts what leaves it toward each real server. */
export class InterfaceCounters {
  readonly #shell: NamespaceShell;
  #before: ReadonlyMap<string, number> = new Map();

  private constructor(shell: NamespaceShell) {
    this.#shell = shell;
  }

  static async start(shell: NamespaceShell): Promise<InterfaceCounters> {
    const set = (name: string, type: string): string =>
      `set ${name} { type ${type} . inet_service; flags dynamic; size 65535; }`;
    await shell.script(
      withInput('nft -f -', [
        'table inet flood {',
        set('ipv4', 'ipv4_addr'),
        set('ipv6', 'ipv6_addr'),
        'chain out {',
        'type filter hook postrouting priority 300',
        'update @ipv4 { ip daddr . tcp dport counter }',
        'update @ipv6 { ip6 daddr . tcp dport counter }',
        '}',
        '}',
      ]),
      'nft',
    );
    return new InterfaceCounters(shell);
  }

  /** From now on only what comes later is told. */
  async forget(): Promise<void> {
    this.#before = await this.#all();
  }

  /** Packets by real server, since then. */
  async read(): Promise<ReadonlyMap<string, number>> {
    const now = await this.#all();
    return new Map(
      [...now].map(([server, packets]) => [server, packets - (this.#before.get(server) ?? 0)]),
    );
  }

  async #all(): Promise<ReadonlyMap<string, number>> {
    const text = await this.#shell.script('nft -j list table inet flood', 'nft');
    const { nftables } = JSON.parse(text) as Listing;
    return new Map(
      nftables
        .flatMap(({ set }) => set?.elem ?? [])
        .map(({ elem }) => [endpoint(...elem.val.concat), elem.counter.packets]),
    );
  }
}
