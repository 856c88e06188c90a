import { addresses, serverName } from '../testbed/addresses.js';
import { explained } from './explained.js';
import type { Scenario } from './scenario.js';

const PORTS = 6;
const [oldServer] = addresses.ipv4.servers;

/** The incident: a rollout, seen by clients with few source ports. */
export const rollout: Scenario = {
  name: 'rollout',
  summary: 'a server drains and goes; clients that reuse a source port keep being sent to it',
  report: 'kubernetes#81775',
  description: [
    'before: six clients connect again and again, each from its own source port; two servers answer',
    'draining: one server gets weight 0; ports that ip_vs remembers for it still reach it',
    'stopped: the server is gone, its packets vanish; connects from those ports time out',
    'after: net.ipv4.vs.expire_nodest_conn=1; the same ports reach the other server at once',
  ],
  async play(testbed) {
    const round = await testbed.begin('rollout', {
      connReuseMode: 0,
      expireNodestConn: 0,
      conntrack: false,
    });
    const ports = testbed.freshPorts(PORTS);
    const server = serverName(oldServer);

    round.phase('before', 'two servers, weight 1 each');
    for (let i = 0; i < 3; i++) await round.connectAll(ports);

    await round.setWeight(server, 0);
    round.phase('draining', `${server} has weight 0`);
    for (let i = 0; i < 2; i++) await round.connectAll(ports);

    await round.stop(server);
    round.phase('stopped', `${server} is gone, the table still has it with weight 0`);
    for (let i = 0; i < 2; i++) await round.connectAll(ports);

    await round.set({ expireNodestConn: 1 });
    round.phase('after', 'net.ipv4.vs.expire_nodest_conn=1');
    for (let i = 0; i < 2; i++) await round.connectAll(ports);
    return explained(await round.end());
  },
};
