import { Counter, Registry } from 'prom-client';
import type { Reuse } from './workload.js';

interface Child {
  inc(packets: number): void;
}

/**
 * The metrics of the workload, as prom-client is used by most: a counter with labels for each, its
 * children looked up once and kept, the text made by the registry.
 */
export class PlainMetrics {
  static readonly names = ['ipvs_port_reuse_total', 'ipvs_new_connections_to_draining_total'];
  readonly #registry = new Registry();
  readonly #children: readonly (readonly Child[])[];
  readonly #reuses: readonly Reuse[];

  constructor(reuses: readonly Reuse[]) {
    this.#reuses = reuses;
    const serviceLabels = ['proto', 'local_address', 'local_port', 'local_mark', 'netns'];
    const counter = (name: string, labels: readonly string[]): Counter =>
      new Counter({
        name,
        help: name,
        labelNames: [...serviceLabels, ...labels],
        registers: [this.#registry],
      });
    const reused = counter('ipvs_port_reuse_total', ['verdict', 'conn_state', 'draining']);
    const toDraining = counter('ipvs_new_connections_to_draining_total', [
      'remote_address',
      'remote_port',
      'cause',
    ]);
    this.#children = reuses.map(({ virtual, destination }) => {
      const service = {
        proto: 'TCP',
        local_address: virtual[0].join('.'),
        local_port: virtual[1],
        local_mark: '',
        netns: '',
      };
      return [
        reused.labels({
          ...service,
          verdict: 'forwarded',
          conn_state: 'TIME_WAIT',
          draining: 'true',
        }),
        toDraining.labels({
          ...service,
          remote_address: destination[0].join('.'),
          remote_port: destination[1],
          cause: 'reuse',
        }),
      ];
    });
  }

  /** Every server's packets once more. */
  ingest(): void {
    this.#reuses.forEach(({ count }, index) => {
      for (const child of this.#children[index] ?? []) child.inc(count);
    });
  }

  metrics(): Promise<string> {
    return this.#registry.metrics();
  }
}
