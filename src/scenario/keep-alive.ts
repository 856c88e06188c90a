import { addresses, serverName } from '../testbed/addresses.js';
import { verifyRound } from '../verify/verify-round.js';
import { Round } from './round.js';
import type { Scenario } from './scenario.js';

const PORTS = 6;
const USES = 5;
const [oldServer] = addresses.ipv4.servers;

/** Negative control: connections that stay open over a rollout keep their draining server. */
export const keepAlive: Scenario = {
  name: 'keep-alive',
  summary: 'connections stay open and in use while their server drains: normal draining',
  report: 'kubernetes#57841',
  description: [
    'open: six clients connect, and keep their connections; two servers answer',
    'draining: one server gets weight 0; all connections stay in use, new ones avoid it',
    'removed: the connections are closed, and new clients connect',
  ],
  async play(testbed, recorder) {
    const round = await Round.start(testbed, 'keep-alive', {
      connReuseMode: 1,
      expireNodestConn: 1,
      conntrack: true,
    });
    const ports = testbed.freshPorts(PORTS);
    const server = serverName(oldServer);

    round.phase('open', 'connections that stay');
    const held = await round.connectAll(ports, { ending: 'hold' });
    await round.use(held, USES);

    await round.setWeight(server, 0);
    round.phase('draining', `${server} has weight 0, its connections are in use`);
    await round.use(held, USES);
    await round.connectAll(testbed.freshPorts(PORTS));
    await round.use(held, USES);

    await round.release(ports);
    round.phase('removed', 'the connections are closed');
    await round.connectAll(testbed.freshPorts(PORTS));
    return verifyRound(await round.end(), recorder.events());
  },
};
