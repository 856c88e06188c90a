import type { Endpoint, SnapshotRow } from '../aggregate/snapshot.js';
import type { RealServer, VirtualService } from '../services/virtual-service.js';
import type { LabelPart, Labels } from './text.js';

/** A metric whose series are sums over rows of the count table. */
export interface RowFamily {
  readonly name: string;
  readonly help: string;
  /** The labels of a series that is there before any row, at 0, and stays. */
  readonly fromStart?: readonly Labels[];
  /**
   * The labels of the series that a row adds to, in the order they are written; undefined where it
   * adds to none. Asked once for a row, when it is new: only what tells rows apart can decide.
   * `service`: the labels of its virtual service.
   */
  labels(row: SnapshotRow, service: string): readonly LabelPart[] | undefined;
  /**
   * Labels beside its own of the series that a known virtual service has from the start, at 0. The
   * same array for services alike: it is asked for thousands of them.
   */
  serviceZeros?(service: VirtualService): readonly LabelPart[];
  /** ... that each of its servers has, beside the labels of both. */
  serverZeros?(service: VirtualService, server: RealServer): readonly LabelPart[];
}

/** What the labels of a virtual service are made of. */
export interface LabelledService {
  readonly netns: number;
  readonly fwmark: number;
  readonly proto: string;
  readonly address: string;
  readonly port: number;
}

/**
 * The labels that node_exporter's ipvs collector gives a virtual service, and its network namespace:
 * empty for the host's, which is the one that node_exporter shows, so that joins hold. A service by
 * firewall mark has proto FWM, no address, port 0 and the mark as /proc/net/ip_vs prints it (eight
 * hexadecimal digits). As text, because each is in the text of many series.
 */
export function serviceLabels(service: LabelledService, hostNetns: number): string {
  const { proto, address, port, fwmark } = service;
  // 0: of packets whose service is not known.
  const netns = service.netns === hostNetns || service.netns === 0 ? '' : service.netns;
  if (fwmark === 0) return serviceText(proto, address, port, '', netns);
  const mark = fwmark.toString(16).toUpperCase().padStart(8, '0');
  return serviceText('FWM', '', 0, mark, netns);
}

/** None of these needs an escape. */
const serviceText = (
  proto: string,
  address: string,
  port: number,
  mark: string,
  netns: number | string,
): string =>
  `proto="${proto}",local_address="${address}",local_port="${port}",local_mark="${mark}",netns="${netns}"`;

/** ... and a real server. */
export const serverLabels = (server: Endpoint | undefined): string =>
  `remote_address="${server?.address ?? ''}",remote_port="${server?.port ?? 0}"`;

/** Whether the packets did not go on. */
export const isRefused = ({ verdict }: SnapshotRow): boolean =>
  verdict === 'dropped' || verdict === 'rejected';

/** Whether the packets were sent to a server. */
export const isSent = ({ verdict }: SnapshotRow): boolean =>
  verdict === 'forwarded' || verdict === 'rescheduled';
