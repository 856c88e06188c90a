import { verifyRound } from '../verify/verify-round.js';
import { Round } from './round.js';
import type { Scenario } from './scenario.js';

const PORTS = 4;

/** Negative control: a connect takes one second, and not for ip_vs: its packet is dropped before. */
export const delayElsewhere: Scenario = {
  name: 'delay-elsewhere',
  summary:
    'connection-opening packets are dropped before the director: one second, not caused by ip_vs',
  report: 'kubernetes#90854',
  description: [
    'fresh: clients connect from ports never used',
    'lost: the first packet of every connect is dropped before ip_vs sees it: one second',
    'after: no packet is dropped any more',
  ],
  async play(testbed, recorder) {
    const round = await Round.start(testbed, 'delay-elsewhere', {
      connReuseMode: 1,
      expireNodestConn: 1,
      conntrack: true,
    });
    round.phase('fresh', 'ports never used');
    await round.connectAll(testbed.freshPorts(PORTS));

    await round.loseFirst(true);
    round.phase('lost', 'first packets do not reach ip_vs');
    await round.connectAll(testbed.freshPorts(PORTS));

    await round.loseFirst(false);
    round.phase('after', 'nothing is lost');
    await round.connectAll(testbed.freshPorts(PORTS));
    return verifyRound(await round.end(), recorder.events());
  },
};
