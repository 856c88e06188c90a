import { verifyRound } from '../verify/verify-round.js';
import { playRollout } from './play-rollout.js';
import type { Scenario } from './scenario.js';

/** The incident: a rollout, seen by clients with few source ports. */
export const rollout: Scenario = {
  name: 'rollout',
  summary: 'a server drains and is stopped; clients that reuse a source port are still sent to it',
  report: 'kubernetes#81775',
  description: [
    'before: six clients connect repeatedly, each from its own source port; two servers answer',
    'draining: one server gets weight 0; ports with a connection entry for it still reach it',
    'stopped: the server is gone; connects from those ports time out',
    'after: net.ipv4.vs.expire_nodest_conn=1; the same ports reach the other server at once',
  ],
  async play(testbed, recorder) {
    const { round, ports } = await playRollout(testbed, {
      scenario: 'rollout',
      settings: { connReuseMode: 0, expireNodestConn: 0, conntrack: false },
    });
    for (let i = 0; i < 2; i++) await round.connectAll(ports);

    await round.set({ expireNodestConn: 1 });
    round.phase('after', 'net.ipv4.vs.expire_nodest_conn=1');
    for (let i = 0; i < 2; i++) await round.connectAll(ports);
    return verifyRound(await round.end(), recorder.events());
  },
};
