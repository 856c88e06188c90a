import { addresses, serverName } from '../testbed/addresses.js';
import { explained } from './explained.js';
import type { Scenario } from './scenario.js';

const PORTS = 6;
/** Room for three copies of an opening packet; none needs more than one. */
const TIMEOUT_MS = 5_500;
const [oldServer] = addresses.ipv4.servers;

/** The same rollout with the other value of the sysctl, as a node of Kubernetes has it. */
export const rolloutRescheduled: Scenario = {
  name: 'rollout-rescheduled',
  summary: 'the same with conn_reuse_mode=1 and conntrack: reused ports get a server anew',
  description: [
    'before: six clients connect, each from its own source port; two servers answer',
    'draining: one server gets weight 0; ports that ip_vs remembers are given the other server',
    'stopped: the server is gone, and no port leads to it; no connect fails',
    'each reused port connects at once, or, where ip_vs lacks the fix of Linux 5.9, a second later',
  ],
  async play(testbed) {
    const round = await testbed.begin('rollout-rescheduled', {
      connReuseMode: 1,
      expireNodestConn: 0,
      conntrack: true,
    });
    const timeoutMs = TIMEOUT_MS;
    const ports = testbed.freshPorts(PORTS);
    const server = serverName(oldServer);

    round.phase('before', 'two servers, weight 1 each');
    await round.connectAll(ports, { timeoutMs });

    await round.setWeight(server, 0);
    round.phase('draining', `${server} has weight 0`);
    for (let i = 0; i < 2; i++) await round.connectAll(ports, { timeoutMs });

    await round.stop(server);
    round.phase('stopped', `${server} is gone, the table still has it with weight 0`);
    for (let i = 0; i < 2; i++) await round.connectAll(ports, { timeoutMs });
    return explained(await round.end());
  },
};
