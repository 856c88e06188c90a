import { Round } from '../testbed/round.js';
import { verifyRound } from '../verify/verify-round.js';
import type { Scenario } from './scenario.js';

const PORTS = 4;

/** A connect that takes a second because the server overlooks its packet, as a full backlog does. */
export const slowServer: Scenario = {
  name: 'slow-server',
  summary: 'the servers overlook opening packets: a second; ip_vs only sees them sent again',
  report: 'kubernetes#90854',
  description: [
    'fresh: clients connect from ports never used',
    'slow: every server overlooks the first packet of a connect: one second',
    'after: the servers keep up again',
  ],
  async play(testbed, recorder) {
    const round = await Round.start(testbed, 'slow-server', {
      connReuseMode: 1,
      expireNodestConn: 1,
      conntrack: true,
    });
    round.phase('fresh', 'ports never used');
    await round.connectAll(testbed.freshPorts(PORTS));

    await round.dropFirstAtServers(true);
    round.phase('slow', 'the servers overlook first packets');
    await round.connectAll(testbed.freshPorts(PORTS));

    await round.dropFirstAtServers(false);
    round.phase('after', 'the servers keep up');
    await round.connectAll(testbed.freshPorts(PORTS));
    return verifyRound(await round.end(), recorder.events());
  },
};
