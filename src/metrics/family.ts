import { Counter, Gauge, type Registry } from 'prom-client';
import type { Endpoint, Snapshot, SnapshotRow } from '../aggregate/snapshot.js';
import type { SourceState } from '../source/event-source.js';

/** What a scrape reads; called once by each family, at scrape time. */
export interface MetricsInput {
  snapshot(): Snapshot;
  state(): SourceState;
}

export type Labels = Readonly<Record<string, string | number>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly type: 'counter' | 'gauge';
  /** Samples with equal labels are added up. */
  read(input: MetricsInput): Iterable<Sample>;
}

/** The labels that node_exporter's ipvs collector gives a virtual service. */
export const serviceLabelNames = ['proto', 'local_address', 'local_port', 'local_mark'] as const;

/**
 * As node_exporter has them: a service by firewall mark has proto FWM, no address, port 0 and the
 * mark as /proc/net/ip_vs prints it (eight hexadecimal digits).
 */
export function serviceLabels(row: SnapshotRow): Labels {
  if (row.fwmark !== 0) {
    const mark = row.fwmark.toString(16).toUpperCase().padStart(8, '0');
    return { proto: 'FWM', local_address: '', local_port: 0, local_mark: mark };
  }
  return {
    proto: row.proto,
    local_address: row.virtual.address,
    local_port: row.virtual.port,
    local_mark: '',
  };
}

/** ... and a real server. */
export const serverLabelNames = ['remote_address', 'remote_port'] as const;

export const serverLabels = (server: Endpoint | undefined): Labels => ({
  remote_address: server?.address ?? '',
  remote_port: server?.port ?? 0,
});

/** Registers the family; its values are read anew at every scrape. */
export function register(registry: Registry, family: Family, input: MetricsInput): void {
  const Metric = family.type === 'counter' ? Counter<string> : Gauge<string>;
  new Metric({
    name: family.name,
    help: family.help,
    labelNames: [...family.labelNames],
    registers: [registry],
    collect() {
      this.reset();
      for (const { labels, value } of family.read(input)) this.inc({ ...labels }, value);
    },
  });
}
