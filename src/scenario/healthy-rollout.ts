import { addresses, serverName } from '../testbed/addresses.js';
import { explained } from './explained.js';
import type { Scenario } from './scenario.js';

const PORTS = 6;
const [oldServer] = addresses.ipv4.servers;

/** The incident's rollout on a node that is set right, with the kernel's fix: nobody notices. */
export const healthyRollout: Scenario = {
  name: 'healthy-rollout',
  summary: 'the same rollout with conn_reuse_mode=1: used ports are rescheduled, nobody waits',
  report: 'kubernetes#93297',
  description: [
    'before: six clients connect again and again, each from its own source port; two servers answer',
    'draining: one server gets weight 0; the same ports are rescheduled to the other at once',
    'stopped: the server is gone; nobody is sent there',
  ],
  async play(testbed) {
    const round = await testbed.begin('healthy-rollout', {
      connReuseMode: 1,
      expireNodestConn: 1,
      conntrack: true,
    });
    const ports = testbed.freshPorts(PORTS);
    const server = serverName(oldServer);

    round.phase('before', 'two servers, weight 1 each');
    for (let i = 0; i < 3; i++) await round.connectAll(ports);

    await round.setWeight(server, 0);
    round.phase('draining', `${server} has weight 0`);
    for (let i = 0; i < 2; i++) await round.connectAll(ports);

    await round.stop(server);
    round.phase('stopped', `${server} is gone`);
    await round.connectAll([...ports, ...testbed.freshPorts(PORTS)]);
    return explained(await round.end());
  },
};
