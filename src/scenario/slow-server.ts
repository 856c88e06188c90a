import { verifyRound } from '../verify/verify-round.js';
import { Round } from './round.js';
import type { Scenario } from './scenario.js';

const PORTS = 4;

/** Negative control: a server drops the first packet of every connect, as a full backlog does. */
export const slowServer: Scenario = {
  name: 'slow-server',
  summary: 'the servers drop first packets: one second; ip_vs only sees the retransmits',
  report: 'kubernetes#90854',
  description: [
    'fresh: clients connect from ports never used',
    'slow: every server drops the first packet of a connect: one second',
    'after: the servers drop nothing any more',
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
    round.phase('slow', 'the servers drop first packets');
    await round.connectAll(testbed.freshPorts(PORTS));

    await round.dropFirstAtServers(false);
    round.phase('after', 'the servers drop nothing');
    await round.connectAll(testbed.freshPorts(PORTS));
    return verifyRound(await round.end(), recorder.events());
  },
};
