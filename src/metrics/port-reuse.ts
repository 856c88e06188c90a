import type { ServiceProtocol } from '../services/virtual-service.js';
import type { RowFamily } from './row-family.js';
import type { LabelPart } from './text.js';
import { noZeros, zeroLabels } from './zero-labels.js';

const zerosOf = (state: string): readonly LabelPart[] =>
  zeroLabels(
    ['forwarded', 'rescheduled', 'dropped'].flatMap((verdict) =>
      ['false', 'true'].map((draining) => ({ verdict, conn_state: state, draining })),
    ),
  );

/**
 * Of the state of nearly every entry that a reused port meets: that of a connection that was closed
 * in good order. UDP has no packet that opens a connection.
 */
const zeros: Readonly<Record<ServiceProtocol, readonly LabelPart[]>> = {
  TCP: zerosOf('TIME_WAIT'),
  SCTP: zerosOf('CLOSED'),
  FWM: zerosOf('TIME_WAIT'),
  UDP: noZeros,
};

export const portReuse: RowFamily = {
  name: 'ipvs_port_reuse_total',
  help: 'Connection-opening packets that matched an existing connection entry (port reuse). With verdict dropped the client waits one second or more; with draining="true" and verdict forwarded it reaches a weight-0 server: set net.ipv4.vs.conn_reuse_mode=1.',
  labels(row, service) {
    if (row.kind !== 'reuse') return undefined;
    const { verdict, connState, draining } = row;
    return [service, { verdict, conn_state: connState, draining: String(draining) }];
  },
  serviceZeros: ({ proto }) => zeros[proto],
};
