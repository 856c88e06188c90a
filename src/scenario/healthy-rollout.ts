import { verifyRound } from '../verify/verify-round.js';
import { playRollout } from './play-rollout.js';
import type { Scenario } from './scenario.js';

/** Negative control: the incident's rollout on a node with the right settings and the kernel's fix. */
export const healthyRollout: Scenario = {
  name: 'healthy-rollout',
  summary: 'the same rollout with conn_reuse_mode=1: reused ports are rescheduled, no client waits',
  report: 'kubernetes#93297',
  description: [
    'before: six clients connect repeatedly, each from its own source port; two servers answer',
    'draining: one server gets weight 0; the same ports are rescheduled to the other at once',
    'stopped: the server is gone; no connect is sent there',
  ],
  async play(testbed, recorder) {
    const { round, ports } = await playRollout(testbed, {
      scenario: 'healthy-rollout',
      settings: { connReuseMode: 1, expireNodestConn: 1, conntrack: true },
    });
    await round.connectAll([...ports, ...testbed.freshPorts(ports.length)]);
    return verifyRound(await round.end(), recorder.events());
  },
};
