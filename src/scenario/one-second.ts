import { type Connect, portOf } from '../testbed/connect.js';
import { verifyRound } from '../verify/verify-round.js';
import { Round } from './round.js';
import type { Scenario } from './scenario.js';

const FIN_PORTS = 3;
const RESET_PORTS = 3;
const HELD_PORTS = 4;
/** Time for three copies of a connection-opening packet. */
const TIMEOUT_MS = 5_500;

/** The connect that takes exactly one second, in both ways that current kernels have, with controls. */
export const oneSecond: Scenario = {
  name: 'one-second',
  summary: 'a SYN is dropped for its conntrack entry; the connect takes one second more',
  report: 'kubernetes#70747, kube-router#544',
  description: [
    'fresh: clients connect from ports never used; some servers close, some reset, some stay open',
    'after-fin: ports whose connection was closed by FIN are rescheduled at once',
    'after-reset: ports whose server reset the connection lose their first packet: one second',
    'after-vanish: clients vanish, their server gets weight 0, they come back: one second',
    'control: other ports, used and unused, connect at once meanwhile',
  ],
  async play(testbed, recorder) {
    const round = await Round.start(testbed, 'one-second', {
      connReuseMode: 1,
      expireNodestConn: 1,
      conntrack: true,
    });
    const timeoutMs = TIMEOUT_MS;
    const fin = testbed.freshPorts(FIN_PORTS);
    const reset = testbed.freshPorts(RESET_PORTS);
    const hold = testbed.freshPorts(HELD_PORTS);

    round.phase('fresh', 'ports never used');
    await round.connectAll(fin, { timeoutMs });
    const held = await round.connectAll(hold, { timeoutMs, ending: 'hold' });
    await round.connectAll(reset, { timeoutMs, ending: 'reset' });

    round.phase('after-fin', 'the ports whose server closed in good order');
    for (let i = 0; i < 2; i++) await round.connectAll(fin, { timeoutMs });

    round.phase('after-reset', 'the ports whose server reset');
    const late = round.connectAll(reset, { timeoutMs });
    round.phase('control', 'other ports meanwhile, used and unused');
    await round.connectAll([...fin, ...testbed.freshPorts(FIN_PORTS)], { timeoutMs });
    await late;

    const server = held[0]?.server ?? '';
    const theirs = portsOf(held, (connect) => connect.server === server);
    await round.vanish(theirs);
    await round.setWeight(server, 0);
    round.phase('after-vanish', `clients of ${server} vanished, it has weight 0, they come back`);
    await round.connectAll(theirs, { timeoutMs });

    round.phase('control', 'unused ports at last');
    await round.connectAll(testbed.freshPorts(FIN_PORTS), { timeoutMs });
    await round.release(portsOf(held, (connect) => connect.server !== server));
    return verifyRound(await round.end(), recorder.events());
  },
};

function portsOf(
  connects: readonly Connect[],
  chosen: (connect: Connect) => boolean,
): readonly number[] {
  return connects.filter(chosen).map(portOf);
}
