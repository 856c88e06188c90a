import { type NamespaceShell, withInput } from '../exact/namespace-shell.js';
import { endpoint } from '../exact/services.js';

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
export class LegCounters {
  readonly #shell: NamespaceShell;
  #before: ReadonlyMap<string, number> = new Map();

  private constructor(shell: NamespaceShell) {
    this.#shell = shell;
  }

  static async start(shell: NamespaceShell): Promise<LegCounters> {
    const set = (name: string, type: string): string =>
      `set ${name} { type ${type} . inet_service; flags dynamic; size 65535; }`;
    await shell.run(
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
    );
    return new LegCounters(shell);
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
    const lines = await this.#shell.run('nft -j list table inet flood');
    const { nftables } = JSON.parse(lines.join('')) as Listing;
    return new Map(
      nftables
        .flatMap(({ set }) => set?.elem ?? [])
        .map(({ elem }) => [endpoint(...elem.val.concat), elem.counter.packets]),
    );
  }
}
