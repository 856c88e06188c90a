import { addresses, serverName } from '../testbed/addresses.js';
import { verifyRound } from '../verify/verify-round.js';
import { Round } from './round.js';
import type { Scenario } from './scenario.js';

const PORTS = 6;

/** Healthy servers that are left with weight 0: new connections are refused. */
export const weightStuck: Scenario = {
  name: 'weight-stuck',
  summary:
    'every server is left with weight 0: new connections are refused, although the servers answer',
  report: 'kubernetes#92019',
  description: [
    'before: six clients connect; two servers answer',
    'stuck: both servers have weight 0; clients from unused ports are refused',
    'after: both servers have weight 1 again',
  ],
  async play(testbed, recorder) {
    const round = await Round.start(testbed, 'weight-stuck', {
      connReuseMode: 1,
      expireNodestConn: 0,
      conntrack: false,
    });
    round.phase('before', 'two servers, weight 1 each');
    await round.connectAll(testbed.freshPorts(PORTS));

    for (const server of addresses.ipv4.servers) await round.setWeight(serverName(server), 0);
    round.phase('stuck', 'both servers have weight 0');
    await round.connectAll(testbed.freshPorts(PORTS));

    for (const server of addresses.ipv4.servers) await round.setWeight(serverName(server), 1);
    round.phase('after', 'weight 1 again');
    await round.connectAll(testbed.freshPorts(PORTS));
    return verifyRound(await round.end(), recorder.events());
  },
};
