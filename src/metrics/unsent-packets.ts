import { isRefused, type RowFamily } from './row-family.js';
import { zeroLabels } from './zero-labels.js';

const causes = ['transmit', 'node'] as const;

const zeros = zeroLabels(causes.map((cause) => ({ cause })));

export const unsentPackets: RowFamily = {
  name: 'ipvs_unsent_packets_total',
  help: 'Packets with a real server that did not leave this node. transmit: ip_vs could not send them (no route, too big, forbidden source); node: a later hook or queue of this node dropped them. ipvscope trace prints the reason.',
  labels(row, service) {
    if (!isRefused(row)) return undefined;
    const cause = causes.find((its) => its === row.cause);
    return cause === undefined ? undefined : [service, { cause }];
  },
  serviceZeros: () => zeros,
};
