import { inBothFamilies, settings } from './make-cases.js';
import { type Facts, outcomes } from './outcomes.js';
import type { TestCase } from './test-case.js';

/**
 * The director sees the client's half of the connection only, so its entry ends in FIN_WAIT, and its
 * conntrack entry is that of a connection whose answer never came.
 */
const facts = (conntrack: 0 | 1): Facts => ({
  state: 'FIN_WAIT',
  weight: 1,
  conntrack: conntrack === 1,
  conntrackState: 'SYN_SENT',
});

/** To load it would add a device to the node's own network, which is not touched. */
const tunnelModule = {
  file: '/sys/module/ip6_tunnel',
  reason: 'the modules ipip and ip6_tunnel are not loaded',
} as const;

const tracking = [0, 1] as const;

/** Direct routing and tunnels: the real servers answer past the director. */
export const forwardingCases: readonly TestCase[] = (['direct', 'tunnel'] as const).flatMap(
  (forwarding) => {
    const wanted = {
      title: `${forwarding === 'direct' ? 'direct routing' : 'tunnel'}: FIN_WAIT, weight 1`,
      service: { protocol: 'TCP', forwarding },
      entry: 'closed',
      ...(forwarding === 'tunnel' ? { needs: tunnelModule } : {}),
    } as const;
    return tracking.flatMap((conntrack) => [
      ...inBothFamilies(
        { ...wanted, settings: settings(0, 1, conntrack) },
        outcomes['same server'](facts(conntrack)),
      ),
      ...[2, 3].flatMap((mode) =>
        inBothFamilies(
          { ...wanted, settings: settings(0, mode, conntrack) },
          outcomes[conntrack === 1 ? 'one second' : 'rescheduled'](facts(conntrack)),
        ),
      ),
    ]);
  },
);
