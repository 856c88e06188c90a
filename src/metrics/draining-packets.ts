import { type RowFamily, serverLabels } from './row-family.js';
import { justOne, noZeros } from './zero-labels.js';

export const drainingPackets: RowFamily = {
  name: 'ipvs_draining_packets_total',
  help: 'Packets of established connections to weight-0 servers: expected while a server drains. Remove the server when its counter no longer grows.',
  labels(row, service) {
    if (row.kind !== 'draining' || row.verdict !== 'forwarded') return undefined;
    return [service, serverLabels(row.destination)];
  },
  serverZeros: (_, server) => (server.weight === 0 ? justOne : noZeros),
};
