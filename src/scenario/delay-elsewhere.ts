import { Round } from '../testbed/round.js';
import { verifyRound } from '../verify/verify-round.js';
import type { Scenario } from './scenario.js';

const PORTS = 4;

/** A connect that takes a second for a reason that is not ip_vs: its packet is lost before. */
export const delayElsewhere: Scenario = {
  name: 'delay-elsewhere',
  summary: 'opening packets are lost on the way to the director: a second, and not for ip_vs',
  report: 'kubernetes#90854',
  description: [
    'fresh: clients connect from ports never used',
    'lost: the first packet of every connect is lost before ip_vs sees it: one second',
    'after: nothing is lost any more',
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
