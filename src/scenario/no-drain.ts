import { addresses, serverName } from '../testbed/addresses.js';
import { verifyRound } from '../verify/verify-round.js';
import { Round } from './round.js';
import type { Scenario } from './scenario.js';

const PORTS = 6;
const ROUNDS = 5;
const [oldServer] = addresses.ipv4.servers;

/** A server that never drains: each port reuse restarts the timer of an entry. */
export const noDrain: Scenario = {
  name: 'no-drain',
  summary: 'a weight-0 server does not drain: clients that reuse ports renew its entries',
  report: 'kubernetes#81308',
  description: [
    'before: six clients connect, each from its own source port; two servers answer',
    'draining: one server gets weight 0; the same ports connect repeatedly, and renew its entries',
    'after: net.ipv4.vs.expire_nodest_conn=1; the same ports leave it at once',
  ],
  async play(testbed, recorder) {
    const round = await Round.start(testbed, 'no-drain', {
      connReuseMode: 0,
      expireNodestConn: 0,
      conntrack: false,
    });
    const ports = testbed.freshPorts(PORTS);

    round.phase('before', 'two servers, weight 1 each');
    await round.connectAll(ports);

    await round.setWeight(serverName(oldServer), 0);
    round.phase('draining', `${serverName(oldServer)} has weight 0`);
    for (let i = 0; i < ROUNDS; i++) await round.connectAll(ports);

    await round.set({ expireNodestConn: 1 });
    round.phase('after', 'net.ipv4.vs.expire_nodest_conn=1');
    for (let i = 0; i < 2; i++) await round.connectAll(ports);
    return verifyRound(await round.end(), recorder.events());
  },
};
