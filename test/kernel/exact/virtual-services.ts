import { type NamespaceShell, sysctlScript } from '../../../src/testbed/namespace-shell.js';
import type { Phase, Round } from './phases.js';
import { withInput } from './planned-network.js';
import { type Service, serversOf, services } from './planned-services.js';

/** What the director's table says of a real server now; `removed`: it is not in it. */
export type Weight = number | 'removed';

/** By service name, then by server name. */
export type Weights = ReadonlyMap<string, ReadonlyMap<string, Weight>>;

/** The counters of a real server, as ipvsadm prints them. */
export interface ServerCounters {
  /** Times that the scheduler chose it. */
  readonly connections: number;
  /** Packets of clients that were sent to it. */
  readonly packets: number;
}

const EXPIRE = 'net/ipv4/vs/expire_nodest_conn';

const TRACKING = withInput('nft -f -', [
  'add table inet exact',
  'delete table inet exact',
  'table inet exact {',
  'chain tracking { type filter hook input priority 0; ct state established accept; }',
  '}',
]);

/** The director's virtual services, as this test sets and reads them; independent of the probe. */
export class VirtualServices {
  /** By service name, then by server name. */
  readonly weights = new Map<string, Map<string, Weight>>();

  readonly #shell: NamespaceShell;

  constructor(shell: NamespaceShell) {
    this.#shell = shell;
  }

  /** A table made anew. */
  async begin(phase: Phase): Promise<void> {
    const lines = services.flatMap((service) => {
      const servers = serversOf(service, phase.index);
      this.weights.set(service.name, new Map(servers.map(({ name }) => [name, 1])));
      return [
        `-A -t ${service.name} -s ${service.scheduler}`,
        ...servers.map(({ name }) => `-a -t ${service.name} -r ${name} -m -w 1`),
      ];
    });
    await this.#shell.script(
      [
        // A namespace tracks connections once a rule of it asks for their state.
        ...(phase.conntrack ? [TRACKING] : []),
        sysctlScript({
          'net/ipv4/vs/conntrack': phase.conntrack ? 1 : 0,
          'net/ipv4/vs/conn_reuse_mode': phase.connReuseMode,
          [EXPIRE]: 0,
        }),
        'ipvsadm -C',
        withInput('ipvsadm -R', lines),
        sysctlScript({ [EXPIRE]: phase.expireNodestConn }),
      ].join('\n'),
      'ipvsadm',
    );
  }

  /** The table as the round wants it. Nothing is under way. */
  async enter(round: Round, phase: Phase): Promise<void> {
    const lines = services.flatMap((service) => this.#linesFor(round, service, phase));
    await this.#shell.script(
      [
        // Entries of a server removed while it is set would be gone at once.
        ...(round === 'removed' ? [sysctlScript({ [EXPIRE]: 0 })] : []),
        withInput('ipvsadm -R', lines),
        sysctlScript({ [EXPIRE]: phase.expireNodestConn }),
      ].join('\n'),
      'ipvsadm',
    );
  }

  #linesFor(round: Round, service: Service, phase: Phase): string[] {
    const servers = serversOf(service, phase.index).map(({ name }) => name);
    const table = this.weights.get(service.name);
    const drain = (server: string): string => {
      table?.set(server, 0);
      return `-e -t ${service.name} -r ${server} -m -w 0`;
    };
    const remove = (server: string): string => {
      table?.set(server, 'removed');
      return `-d -t ${service.name} -r ${server}`;
    };
    const nth = (number: number): string => servers[number % servers.length] ?? '';
    if (round === 'drained') return [drain(nth(service.index))];
    return service.losesAll ? servers.map(drain) : [remove(nth(service.index + 1))];
  }

  /** By the name of each server that is in the table; no two services share one. */
  async counters(): Promise<ReadonlyMap<string, ServerCounters>> {
    const text = await this.#shell.script('ipvsadm -L -n --stats --exact', 'ipvsadm');
    const all = new Map<string, ServerCounters>();
    for (const line of text.split('\n')) {
      const [, server, connections, packets] = /^ +-> (\S+) +(\d+) +(\d+)/.exec(line) ?? [];
      if (server !== undefined) {
        all.set(server, { connections: Number(connections), packets: Number(packets) });
      }
    }
    return all;
  }
}
