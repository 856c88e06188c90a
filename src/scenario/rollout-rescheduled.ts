import { verifyRound } from '../verify/verify-round.js';
import { playRollout } from './play-rollout.js';
import type { Scenario } from './scenario.js';

/** Time for three copies of a connection-opening packet; one suffices. */
const TIMEOUT_MS = 5_500;

/** The same rollout with the other value of the sysctl, as a node of Kubernetes has it. */
export const rolloutRescheduled: Scenario = {
  name: 'rollout-rescheduled',
  summary: 'the same with conn_reuse_mode=1 and conntrack: reused ports are rescheduled',
  description: [
    'before: six clients connect, each from its own source port; two servers answer',
    'draining: one server gets weight 0; ports with a connection entry get the other server',
    'stopped: the server is gone, and no port leads to it; no connect fails',
    'each reused port connects at once, or, where ip_vs lacks the fix of Linux 5.9, a second later',
  ],
  async play(testbed, recorder) {
    const timeoutMs = TIMEOUT_MS;
    const { round, ports } = await playRollout(testbed, {
      scenario: 'rollout-rescheduled',
      settings: { connReuseMode: 1, expireNodestConn: 0, conntrack: true },
      before: 1,
      timeoutMs,
    });
    for (let i = 0; i < 2; i++) await round.connectAll(ports, { timeoutMs });
    return verifyRound(await round.end(), recorder.events());
  },
};
