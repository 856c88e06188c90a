import type { ServiceProtocol } from '../services/virtual-service.js';
import type { RowFamily } from './row-family.js';
import { booleans } from './zero-labels.js';

/**
 * The state of nearly every entry that a reused port meets: that of a connection that was closed in
 * good order. UDP has no packet that opens a connection.
 */
const usualStates: Readonly<Record<ServiceProtocol, string | undefined>> = {
  TCP: 'TIME_WAIT',
  SCTP: 'CLOSED',
  FWM: 'TIME_WAIT',
  UDP: undefined,
};

export const portReuse: RowFamily = {
  name: 'ipvs_port_reuse_total',
  help: 'Packets opening a connection that matched an existing connection entry: with verdict dropped the client waits a second or more, with draining="true" and verdict forwarded it reaches a weight-0 server.',
  labels(row, service) {
    if (row.kind !== 'reuse') return undefined;
    const { verdict, connState, draining } = row;
    return [service, { verdict, conn_state: connState, draining: String(draining) }];
  },
  serviceZeros({ proto }) {
    const state = usualStates[proto];
    if (state === undefined) return [];
    return ['forwarded', 'rescheduled', 'dropped'].flatMap((verdict) =>
      booleans.map((draining) => ({ verdict, conn_state: state, draining })),
    );
  },
};
